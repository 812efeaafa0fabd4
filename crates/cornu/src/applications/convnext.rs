//! ConvNeXt: a ResNet brought to the manners of transformers, large windows, few normalisations, smooth activations.
//!
//! # Example
//! ```
//! use cornu::applications::ConvNeXtTiny;
//! let features = ConvNeXtTiny::new().include_top(false).input_shape([32, 32, 3]).pooling("avg");
//! assert_eq!(features.build()?.output_shape().axes(), &[768]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, "A ConvNet for the 2020s", 2022.

use super::settings::Common;
use crate::error::Result;
use crate::layers::classes::*;
use crate::model::{Apply, Sequential, Symbol};

macro_rules! next {
    ($($name:ident: $params:literal weights, $default_name:literal, $depth:literal blocks, $width:literal maps;)*) => {
        $(application! {
            #[doc = concat!("Stages of 3, 3, ", $depth, " and 3 blocks, the first of ", $width, " maps.")]
            $name: $params weights, 224 pixels, at least 32, named $default_name,
            {
                /// Whether the network scales pixels in 0 … 255 itself; true without it.
                include_preprocessing: bool = true,
                /// The share of samples for which the last block is left out in training; 0 without it, as in Keras.
                drop_path_rate: f64 = 0.0,
            }
            |own, common, image| {
                let name = own.name.as_deref().unwrap_or($default_name);
                let next = Next { name, depths: [3, 3, $depth, 3], width: $width, drop: own.drop_path_rate, seed: own.seed };
                next.network(common, image, own.include_preprocessing)?
            }
        })*
    };
}

next! {
    ConvNeXtTiny: 28_589_128 weights, "convnext_tiny", 9 blocks, 96 maps;
    ConvNeXtSmall: 50_223_688 weights, "convnext_small", 27 blocks, 96 maps;
    ConvNeXtBase: 88_591_464 weights, "convnext_base", 27 blocks, 128 maps;
    ConvNeXtLarge: 197_767_336 weights, "convnext_large", 27 blocks, 192 maps;
    ConvNeXtXLarge: 350_196_968 weights, "convnext_xlarge", 27 blocks, 256 maps;
}

preprocessing!();

struct Next<'a> {
    name: &'a str,
    depths: [usize; 4],
    width: usize,
    drop: f64,
    seed: u64,
}

fn norm() -> LayerNormalization {
    LayerNormalization::new().epsilon(1e-6)
}

impl Next<'_> {
    fn network(&self, common: &Common, image: &Symbol, preprocessing: bool) -> Result<Symbol> {
        let name = self.name;
        let [mut height, mut width, channels] = common.input_shape;
        let mut x = image.clone();
        if preprocessing && channels == 3 {
            let scaled = |x: [f64; 3]| x.map(|v| 255.0 * v);
            let norm = Normalization::new()
                .mean(scaled([0.485, 0.456, 0.406]))
                .variance(scaled([0.229, 0.224, 0.225]).map(|deviation| deviation.powi(2)));
            x = norm.name(format!("{name}_prestem_normalization")).on(&x);
        }
        let total: usize = self.depths.iter().sum();
        let mut done = 0;
        for (stage, depth) in self.depths.into_iter().enumerate() {
            let maps = self.width << stage;
            // A model within this one, which has a stream of random numbers of its own.
            let within = Sequential::new().seed(self.seed ^ ((stage as u64 + 1) << 32));
            let within = match stage.checked_sub(1) {
                None => {
                    let conv = Conv2D::new(maps, 4)
                        .strides(4)
                        .name(format!("{name}_stem_conv"));
                    within
                        .name(format!("{name}_stem"))
                        .input(common.input_shape)
                        .add(conv)
                        .add(norm().name(format!("{name}_stem_layernorm")))
                }
                Some(i) => {
                    let conv = Conv2D::new(maps, 2).strides(2);
                    within
                        .name(format!("{name}_downsampling_block_{i}"))
                        .input([height, width, maps / 2])
                        .add(norm().name(format!("{name}_downsampling_layernorm_{i}")))
                        .add(conv.name(format!("{name}_downsampling_conv_{i}")))
                }
            };
            x = within.build()?.on(&x);
            let stride = if stage == 0 { 4 } else { 2 };
            (height, width) = (height / stride, width / stride);
            for block in 0..depth {
                let drop = self.drop * done as f64 / (total - 1) as f64;
                let name = format!("{name}_stage_{stage}_block_{block}");
                x = residual(&name, &x, maps, drop);
                done += 1;
            }
        }
        if common.include_top {
            let y = GlobalAveragePooling2D::new()
                .name(format!("{name}_head_gap"))
                .on(&x);
            let y = norm().name(format!("{name}_head_layernorm")).on(&y);
            return Ok(common
                .predictions()
                .name(format!("{name}_head_dense"))
                .on(&y));
        }
        Ok(norm().on(common.end(&x, false, Symbol::clone)))
    }
}

fn residual(name: &str, given: &Symbol, maps: usize, drop: f64) -> Symbol {
    let n = |part: &str| format!("{name}_{part}");
    let single = Conv2D::new(maps, 7).padding("same").groups(maps);
    let x = single.name(n("depthwise_conv")).on(given);
    let x = norm().name(n("layernorm")).on(&x);
    let x = Dense::new(4 * maps).name(n("pointwise_conv_1")).on(&x);
    let x = Activation::new("gelu").name(n("gelu")).on(&x);
    let x = Dense::new(maps).name(n("pointwise_conv_2")).on(&x);
    let x = LayerScale::new(1e-6, maps).name(n("layer_scale")).on(&x);
    let x = match drop > 0.0 {
        true => StochasticDepth::new(drop)
            .name(n("stochastic_depth"))
            .on(&x),
        false => Activation::new("linear").name(n("identity")).on(&x),
    };
    Add::new().on([given, &x])
}
