//! Vision transformer: an image as a sequence of patches, seen by a transformer.
//!
//! # Example
//! ```
//! use cornu::applications::ViTB16;
//! let tiny = ViTB16::new().input_shape([32, 32, 3]).include_top(false).pooling("avg");
//! assert_eq!(tiny.build()?.output_shape().axes(), &[768]);
//! # Ok::<(), cornu::Error>(())
//! ```
//!
//! # Source
//! Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai, Unterthiner, Dehghani, Minderer, Heigold, Gelly, Uszkoreit and Houlsby,
//! "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale", 2020, table 1.

use super::settings::{Common, Pooling};
use crate::error::{Error, Result};
use crate::layers::classes::*;
use crate::model::{Apply, Symbol};

macro_rules! transformers {
    ($($name:ident: $params:literal weights, $default_name:literal, patch $patch:literal, width $width:literal, $blocks:literal blocks, $heads:literal heads;)*) => {
        $(application! {
            #[doc = concat!($blocks, " blocks of ", $heads, " heads over patches of ", $patch, "×", $patch, " pixels; not among Keras's networks.")]
            ///
            /// Without `include_top`, `pooling` is over the patches; without that either, the output is the sequence `[1 + patches,
            /// features]`, the class's place first.
            $name: $params weights, 224 pixels, at least $patch, named $default_name,
            {
                /// The share that dropout drops behind attention, dense layers and places; 0 without it.
                dropout: f64 = 0.0,
            }
            |own, common, image| {
                let vit = Vit { patch: $patch, width: $width, blocks: $blocks, heads: $heads, dropout: own.dropout };
                vit.network(common, image)?
            }
        })*
    };
}

transformers! {
    ViTB16: 86_567_656 weights, "vit_b16", patch 16, width 768, 12 blocks, 12 heads;
    ViTB32: 88_224_232 weights, "vit_b32", patch 32, width 768, 12 blocks, 12 heads;
    ViTL16: 304_326_632 weights, "vit_l16", patch 16, width 1024, 24 blocks, 16 heads;
    ViTL32: 306_535_400 weights, "vit_l32", patch 32, width 1024, 24 blocks, 16 heads;
}

preprocessing!(Tf);

struct Vit {
    patch: usize,
    width: usize,
    blocks: usize,
    heads: usize,
    dropout: f64,
}

fn norm(name: String, x: &Symbol) -> Symbol {
    LayerNormalization::new().epsilon(1e-6).name(name).on(x)
}

impl Vit {
    fn network(&self, common: &Common, image: &Symbol) -> Result<Symbol> {
        let [height, width, _] = common.input_shape;
        if height % self.patch != 0 || width % self.patch != 0 {
            return Err(Error::config(format!(
                "height and width must be multiples of the patch, {}, received {height}×{width}",
                self.patch
            )));
        }
        let places = (height / self.patch) * (width / self.patch);
        let patches = Conv2D::new(self.width, self.patch).strides(self.patch);
        let x = patches.name("embedding").on(image);
        let flat = Reshape::new([places as i64, self.width as i64]);
        let x = ClassToken::new()
            .name("class_token")
            .on(flat.name("patches").on(&x));
        let table = PositionEmbedding::new(places + 1).initializer("random_normal");
        let table = table.name("position_embedding").on(&x);
        let x = Add::new().name("embedded").on([&x, &table]);
        let mut x = self.dropped("embedded", x);
        for block in 0..self.blocks {
            x = self.block(&format!("block{block}"), &x);
        }
        x = norm("encoder_norm".to_owned(), &x);
        if common.include_top {
            let first = Cropping1D::new((0, places)).name("class").on(&x);
            let first = Flatten::new().name("flatten").on(&first);
            return Ok(common.predictions().on(&first));
        }
        let patches = || Cropping1D::new((1, 0)).name("without_class").on(&x);
        Ok(match common.pooling {
            Some(Pooling::Avg) => GlobalAveragePooling1D::new().name("avg_pool").on(patches()),
            Some(Pooling::Max) => GlobalMaxPooling1D::new().name("max_pool").on(patches()),
            None => x,
        })
    }

    fn dropped(&self, name: &str, x: Symbol) -> Symbol {
        match self.dropout > 0.0 {
            true => Dropout::new(self.dropout)
                .name(format!("{name}_dropout"))
                .on(&x),
            false => x,
        }
    }

    /// `x + attention(norm(x))`, then `x + dense(gelu(dense(norm(x))))`.
    fn block(&self, name: &str, x: &Symbol) -> Symbol {
        let n = |part: &str| format!("{name}_{part}");
        let seen =
            MultiHeadAttention::new(self.heads, self.width / self.heads).dropout(self.dropout);
        let seen = seen.name(n("attention")).on(norm(n("attention_norm"), x));
        let seen = self.dropped(&n("attention"), seen);
        let x = Add::new().name(n("attention_add")).on([x, &seen]);
        let wide = Dense::new(4 * self.width)
            .activation("gelu")
            .name(n("mlp_up"));
        let y = self.dropped(&n("mlp_up"), wide.on(norm(n("mlp_norm"), &x)));
        let y = Dense::new(self.width).name(n("mlp_down")).on(&y);
        let y = self.dropped(&n("mlp_down"), y);
        Add::new().name(n("mlp_add")).on([&x, &y])
    }
}
