//! NASNet-A: two kinds of cell found by search, stacked.
//!
//! # Example
//! ```
//! use cornu::applications::NASNetMobile;
//! let features = NASNetMobile::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[1056]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Zoph, Vasudevan, Shlens and Le, "Learning Transferable Architectures for Scalable Image Recognition", 2017.

use super::extent::Extent;
use super::settings::Common;
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

application! {
    /// Twelve cells that keep their maps' size, in three stages.
    NASNetMobile: 5_326_716 weights, 224 pixels, at least 32, named "nasnet_mobile", {}
    |_own, common, image| nasnet(common, image, Size { penultimate: 1056, cells: 4, stem: 32, skips: false })
}

application! {
    /// Eighteen cells that keep their maps' size, in three stages.
    NASNetLarge: 88_949_818 weights, 331 pixels, at least 32, named "nasnet_large", {}
    |_own, common, image| nasnet(common, image, Size { penultimate: 4032, cells: 6, stem: 96, skips: true })
}

preprocessing!(Tf);

#[derive(Clone, Copy)]
struct Size {
    /// Maps before the classifier.
    penultimate: usize,
    /// Cells in each stage.
    cells: usize,
    /// Maps of the first convolution.
    stem: usize,
    /// Whether a stage looks back past the cell that halved the maps.
    skips: bool,
}

/// Maps in the making, with their size.
#[derive(Clone)]
struct Maps {
    x: Symbol,
    extent: Extent,
    count: usize,
}

impl Maps {
    fn with(&self, x: Symbol) -> Self {
        Self { x, ..self.clone() }
    }
}

fn norm(name: String, x: &Symbol) -> Symbol {
    let norm = BatchNormalization::new().momentum(0.9997).epsilon(1e-3);
    norm.name(name).on(x)
}

fn relu(x: &Symbol) -> Symbol {
    Activation::new("relu").on(x)
}

fn conv(filters: usize, name: String, x: &Symbol) -> Symbol {
    let conv = Conv2D::new(filters, 1).padding("same").use_bias(false);
    conv.kernel_initializer("he_normal").name(name).on(x)
}

fn add(name: String, a: &Symbol, b: &Symbol) -> Symbol {
    Add::new().name(name).on([a, b])
}

fn mean(name: String, x: &Symbol) -> Symbol {
    let pool = AveragePooling2D::new(3).strides(1).padding("same");
    pool.name(name).on(x)
}

fn nasnet(common: &Common, image: &Symbol, size: Size) -> Symbol {
    let filters = size.penultimate / 24;
    let stem = Conv2D::new(size.stem, 3).strides(2).use_bias(false);
    let x = stem
        .kernel_initializer("he_normal")
        .name("stem_conv1")
        .on(image);
    let x = Maps {
        x: norm("stem_bn1".to_owned(), &x),
        extent: Extent(Extent::of(common.input_shape).0.map(|n| (n - 3) / 2 + 1)),
        count: size.stem,
    };
    let (x, p) = reduction(&x, None, filters / 4, "stem_1");
    let (mut x, mut p) = reduction(&x, Some(&p), filters / 2, "stem_2");
    for stage in 0..3 {
        let filters = filters << stage;
        if stage > 0 {
            let (y, before) = reduction(
                &x,
                Some(&p),
                filters,
                &format!("reduce_{}", stage * size.cells),
            );
            x = y;
            if !size.skips {
                p = before;
            }
        }
        for i in 0..size.cells {
            let id = stage * size.cells + i + stage.min(1);
            (x, p) = normal(&x, &p, filters, &id.to_string());
        }
    }
    let x = relu(&x.x);
    common.end(&x, false, |x| {
        common.predictions().on(GlobalAveragePooling2D::new().on(x))
    })
}

/// Two separable convolutions, the first of which may halve the maps.
fn separable(x: &Maps, filters: usize, kernel: usize, stride: usize, id: &str) -> Symbol {
    let mut y = relu(&x.x);
    if stride == 2 {
        let pad = ZeroPadding2D::new(x.extent.pad(kernel));
        y = pad.name(format!("separable_conv_1_pad_{id}")).on(&y);
    }
    let conv = SeparableConv2D::new(filters, kernel).use_bias(false);
    let first = conv
        .clone()
        .strides(stride)
        .padding(if stride == 2 { "valid" } else { "same" });
    y = first.name(format!("separable_conv_1_{id}")).on(&y);
    y = relu(&norm(format!("separable_conv_1_bn_{id}"), &y));
    y = conv
        .padding("same")
        .name(format!("separable_conv_2_{id}"))
        .on(&y);
    norm(format!("separable_conv_2_bn_{id}"), &y)
}

/// The maps of two cells ago, in the size and number of the last one's.
fn adjusted(p: Option<&Maps>, x: &Maps, filters: usize, id: &str) -> Maps {
    let Some(p) = p else { return x.clone() };
    let adjusted = |y: Symbol| Maps {
        x: y,
        extent: x.extent,
        count: filters,
    };
    if p.extent.0[1] != x.extent.0[1] {
        let y = Activation::new("relu")
            .name(format!("adjust_relu_1_{id}"))
            .on(&p.x);
        let every_second = |i: usize, y: &Symbol| {
            let pool = AveragePooling2D::new(1).strides(2).padding("valid");
            let y = pool.name(format!("adjust_avg_pool_{i}_{id}")).on(y);
            conv(filters / 2, format!("adjust_conv_{i}_{id}"), &y)
        };
        let first = every_second(1, &y);
        let moved = ZeroPadding2D::new([(0, 1), (0, 1)]).on(&y);
        let moved = Cropping2D::new([(1, 0), (1, 0)]).on(&moved);
        let second = every_second(2, &moved);
        let both = Concatenate::new().on([&first, &second]);
        adjusted(norm(format!("adjust_bn_{id}"), &both))
    } else if p.count != filters {
        let y = conv(filters, format!("adjust_conv_projection_{id}"), &relu(&p.x));
        adjusted(norm(format!("adjust_bn_{id}"), &y))
    } else {
        p.clone()
    }
}

/// A cell that keeps the maps' size, and the maps it was given.
fn normal(x: &Maps, p: &Maps, filters: usize, id: &str) -> (Maps, Maps) {
    let p = adjusted(Some(p), x, filters, id);
    let n = |part: &str| format!("normal_{part}_{id}");
    let h = conv(filters, n("conv_1"), &relu(&x.x));
    let h = Maps {
        count: filters,
        ..x.with(norm(n("bn_1"), &h))
    };
    let same = |x: &Maps, kernel: usize, part: &str| separable(x, filters, kernel, 1, &n(part));
    let a = add(n("add_1"), &same(&h, 5, "left1"), &same(&p, 3, "right1"));
    let b = add(n("add_2"), &same(&p, 5, "left2"), &same(&p, 3, "right2"));
    let c = add(n("add_3"), &mean(n("left3"), &h.x), &p.x);
    let d = add(
        n("add_4"),
        &mean(n("left4"), &p.x),
        &mean(n("right4"), &p.x),
    );
    let e = add(n("add_5"), &same(&h, 3, "left5"), &h.x);
    let all = Concatenate::new()
        .name(n("concat"))
        .on([&p.x, &a, &b, &c, &d, &e]);
    let y = Maps {
        count: 6 * filters,
        ..x.with(all)
    };
    (y, x.clone())
}

/// A cell that halves the maps, and the maps it was given.
fn reduction(x: &Maps, p: Option<&Maps>, filters: usize, id: &str) -> (Maps, Maps) {
    let p = adjusted(p, x, filters, id);
    let n = |part: &str| format!("reduction_{part}_{id}");
    let h = conv(filters, n("conv_1"), &relu(&x.x));
    let h = Maps {
        count: filters,
        ..x.with(norm(n("bn_1"), &h))
    };
    let padded = ZeroPadding2D::new(h.extent.pad(3))
        .name(n("pad_1"))
        .on(&h.x);
    let half = |x: &Maps, kernel: usize, part: &str| separable(x, filters, kernel, 2, &n(part));
    let most = |part: &str| MaxPooling2D::new(3).strides(2).name(n(part)).on(&padded);
    let a = add(n("add_1"), &half(&h, 5, "left1"), &half(&p, 7, "right1"));
    let b = most("left2");
    let b = add(n("add_2"), &b, &half(&p, 7, "right2"));
    let c = AveragePooling2D::new(3)
        .strides(2)
        .name(n("left3"))
        .on(&padded);
    let c = add(n("add3"), &c, &half(&p, 5, "right3"));
    let d = Add::new().on([&b, &mean(n("left4"), &a)]);
    let halved = Maps {
        x: a,
        extent: x.extent.halved(),
        count: filters,
    };
    let e = separable(&halved, filters, 3, 1, &n("left4"));
    let e = add(n("add4"), &e, &most("right5"));
    let all = Concatenate::new().name(n("concat")).on([&b, &c, &d, &e]);
    let y = Maps {
        count: 4 * filters,
        ..halved.with(all)
    };
    (y, x.clone())
}
