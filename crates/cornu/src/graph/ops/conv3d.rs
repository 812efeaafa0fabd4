//! Convolution of volumes: strides, padding, both dilations, groups.

use cornu_kernels::conv3d;

use super::{Array, Call, Convolution, GradientOf, Operand, Rule, Slide, Split};
use crate::error::{Error, Result};
use crate::exec::{parallel, scratch};
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// `y[n, o, .., co] = Σ x[n, i, .., ci] · w[k, .., ci, co]`: volumes NDHWC, weights DHWIO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv3D {
    /// How the kernel slides along the depth.
    pub depth: Slide,
    /// How it slides within a plane.
    pub plane: Convolution,
}

impl Conv3D {
    /// How the kernel slides, and its groups.
    pub(super) fn slides(&self) -> ([Slide; 3], usize) {
        let [y, x] = self.plane.slides();
        ([self.depth, y, x], self.plane.groups)
    }

    /// The kernel crate's description at given sizes.
    pub(super) fn geometry(&self, x: &[usize], w: &[usize], y: &[usize]) -> conv3d::Conv3d {
        conv3d::Conv3d {
            in_d: x[1],
            out_d: y[1],
            k_d: w[0],
            stride: self.depth.stride,
            pad: self.depth.padding.0,
            lhs_dilation: self.depth.lhs_dilation,
            rhs_dilation: self.depth.rhs_dilation,
            plane: self.plane.geometry(&x[1..], &w[1..], &y[1..]),
        }
    }

    /// Calls `f(x, w, y)` with the offsets of every product that goes into an output.
    pub(super) fn each_product(
        &self,
        x: &[usize],
        w: &[usize],
        y: &[usize],
        mut f: impl FnMut(usize, usize, usize),
    ) {
        let plane = |shape: &[usize], first: usize| -> usize { shape[first..].iter().product() };
        let (xp, wp, yp) = (plane(x, 2), plane(w, 1), plane(y, 2));
        let one = |shape: &[usize]| [&[1], &shape[2..]].concat();
        let (xs, ys) = (one(x), one(y));
        for n in 0..y[0] {
            for (o, k) in (0..y[1]).flat_map(|o| (0..w[0]).map(move |k| (o, k))) {
                let Some(i) = self.depth.tap(o, k, x[1]) else {
                    continue;
                };
                let (xo, wo, yo) = ((n * x[1] + i) * xp, k * wp, (n * y[1] + o) * yp);
                self.plane
                    .each_product(&xs, &w[1..], &ys, |a, b, c| f(xo + a, wo + b, yo + c));
            }
        }
    }
}

impl Rule for Conv3D {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let (x, w) = (inputs[0], inputs[1]);
        let fits = x.shape.rank() == 5 && w.shape.rank() == 5;
        if !fits || x.dtype != DType::F32 || w.dtype != DType::F32 {
            return Err(Error::shape(format!(
                "a convolution of volumes needs [n, d, h, w, channels] and a kernel [d, h, w, in, out], received {x:?} and {w:?}"
            )));
        }
        let (slides, groups) = self.slides();
        slides.iter().try_for_each(Slide::check)?;
        let (channels, out) = (x.shape[4], w.shape[4]);
        if groups == 0 || w.shape[3].checked_mul(groups) != Some(channels) || out % groups != 0 {
            return Err(Error::shape(format!(
                "a kernel {} in {groups} groups does not fit {channels} channels",
                w.shape
            )));
        }
        let mut shape = vec![x.shape[0]];
        for (i, slide) in slides.iter().enumerate() {
            let length = slide.out(x.shape[i + 1], w.shape[i]).ok_or_else(|| {
                Error::shape(format!(
                    "a {}×{}×{} kernel does not fit the padded {}×{}×{} volume",
                    w.shape[0], w.shape[1], w.shape[2], x.shape[1], x.shape[2], x.shape[3]
                ))
                .help("use padding \"same\", a smaller kernel, or fewer layers that shrink the volume")
            })?;
            shape.push(length);
        }
        shape.push(out);
        Ok(vec![Meta::f32(shape)])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(2);
        };
        let (x, w) = (at.inputs[0], at.inputs[1]);
        let g = &mut *at.graph;
        let lengths = g.shape(x)[1..4].to_vec();
        let (slides, groups) = self.slides();
        let dx = g.convolution_transpose(dy, w, &slides, &lengths, groups)?;
        let dw = g.conv3d_weight_grad(*self, x, w, dy)?;
        Ok(vec![Some(dx), Some(dw)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let (x, w) = (inputs[0], inputs[1]);
        let mut y = vec![0.0; outputs[0].shape.elements()];
        self.each_product(&x.shape, &w.shape, &outputs[0].shape, |i, j, k| {
            y[k] += x.data[i] * w.data[j];
        });
        vec![Array::new(outputs[0].shape.clone(), y)]
    }

    fn split(&self, inputs: &[Operand<'_>], _: &[Meta]) -> Split {
        if inputs[0].batched && !inputs[1].batched {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let y_shape = call.output_shape(0);
        let g = self.geometry(
            &call.input_metas[0].shape,
            &call.input_metas[1].shape,
            &y_shape,
        );
        let (x, w, parallel) = (call.f32(0), call.f32(1), call.parallel);
        let y = call.out_f32(0);
        if y.is_empty() {
            return;
        }
        let plane: usize = y_shape[2..].iter().product();
        let work = plane * w.len() / y_shape[4];
        // Several threads take volumes, or planes of one.
        if y_shape[0] > 1 {
            let piece = parallel::rows(parallel, y_shape[0], work * y_shape[1]);
            let (from, to) = (g.input_len(), g.output_len());
            parallel::chunks(parallel, y, piece * to, |i, y| {
                for (t, y) in y.chunks_exact_mut(to).enumerate() {
                    let x = &x[(i * piece + t) * from..][..from];
                    scratch::with(|s| conv3d::forward(&g, x, w, 0, y, s));
                }
            });
        } else {
            let piece = parallel::rows(parallel, y_shape[1], work);
            parallel::chunks(parallel, y, piece * plane, |i, y| {
                scratch::with(|s| conv3d::forward(&g, x, w, i * piece, y, s));
            });
        }
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        let products: usize = inputs[1].shape[..4].iter().product();
        (outputs[0].shape.elements() as u64).saturating_mul(2 * products as u64)
    }
}

/// Convolutions of volumes: those of images, with something odd along the depth as well.
#[cfg(test)]
pub(super) fn volumes() -> Vec<(String, [usize; 4], [usize; 4], Conv3D)> {
    let plain = Slide::PLAIN;
    let depths = [
        ("plain depth", 3, 2, plain),
        (
            "same depth",
            3,
            3,
            Slide {
                padding: (1, 1),
                ..plain
            },
        ),
        (
            "strided depth",
            5,
            2,
            Slide {
                stride: 2,
                padding: (0, 2),
                ..plain
            },
        ),
        (
            "dilated taps in depth",
            4,
            2,
            Slide {
                rhs_dilation: 2,
                padding: (1, 0),
                ..plain
            },
        ),
        (
            "dilated depth",
            2,
            3,
            Slide {
                lhs_dilation: 2,
                padding: (2, 1),
                ..plain
            },
        ),
        (
            "cropped depth",
            5,
            2,
            Slide {
                stride: 2,
                padding: (-1, 1),
                lhs_dilation: 3,
                rhs_dilation: 2,
            },
        ),
    ];
    let mut planes = super::convolution::convolutions();
    planes.retain(|p| {
        [
            "plain",
            "same",
            "strides that do not divide",
            "dilated image",
            "groups",
            "depthwise",
        ]
        .contains(&p.0)
    });
    let pairs = depths.into_iter().zip(planes);
    pairs
        .map(
            |((what, d, k, depth), (name, [h, w, c], [kh, kw, out], plane))| {
                let op = Conv3D { depth, plane };
                (
                    format!("{what}, {name}"),
                    [d, h.min(4), w.min(4), c],
                    [k, kh, kw, out],
                    op,
                )
            },
        )
        .collect()
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for (name, volume, [d, h, w, out], op) in volumes() {
        let kernel = [d, h, w, volume[3] / op.plane.groups, out];
        cases.push(case(name, move |s| {
            let (x, w) = (s.batched(&volume, Mixed)?, s.fixed(&kernel, Mixed)?);
            s.g.push(op.into(), vec![x, w])
        }));
    }
    let (_, _, _, op) = volumes()[0].clone();
    cases.push(case("without a batch", move |s| {
        let (x, w) = (
            s.fixed(&[1, 3, 4, 3, 2], Mixed)?,
            s.fixed(&[2, 2, 2, 2, 3], Mixed)?,
        );
        s.g.push(op.into(), vec![x, w])
    }));
    cases
}
