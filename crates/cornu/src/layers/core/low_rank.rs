//! A large weight left as it is, and the product of two thin matrices learnt beside it (LoRA).
//!
//! Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.

use crate::constraints::Constraint;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::{Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;

/// The arguments `lora_rank` and `lora_alpha`.
#[derive(Clone, Copy, Debug)]
pub(in crate::layers) struct LowRank {
    pub(in crate::layers) rank: Option<usize>,
    pub(in crate::layers) alpha: Option<f64>,
}

impl LowRank {
    /// The large weight, and after it `rest` and what is learnt beside it: `{stem}_a [.., rank]` and `{stem}_b [rank, columns]`.
    pub(in crate::layers) fn join(
        self,
        mut weight: WeightSpec,
        rest: Option<WeightSpec>,
        stem: &str,
        regularizer: Option<&Regularizer>,
        constraint: Option<&Constraint>,
    ) -> Result<Vec<WeightSpec>> {
        let Some(rank) = self.rank else {
            if self.alpha.is_some() {
                return Err(Error::config("lora_alpha needs a lora_rank"));
            }
            return Ok([Some(weight), rest].into_iter().flatten().collect());
        };
        inputs::sizes([("lora_rank", Pair::from(rank))])?;
        if let Some(alpha) = self.alpha {
            inputs::number("lora_alpha", alpha, f64::MIN, f64::MAX)?;
        }
        if constraint.is_some() {
            return Err(Error::config(
                "lora_rank does not go with a constraint of the weight, which does not change",
            ));
        }
        let mut thin = weight.shape.to_vec();
        let columns = thin.pop().unwrap_or(1);
        thin.push(rank);
        let a = WeightSpec::new(&format!("{stem}_a"), thin, "he_uniform");
        let b = WeightSpec::new(&format!("{stem}_b"), [rank, columns], "zeros");
        weight.trainable = false;
        let thin = [a, b].map(|w| w.regularized(regularizer.cloned()));
        Ok(std::iter::once(weight).chain(rest).chain(thin).collect())
    }

    /// `y` plus what was learnt: `y + (alpha / rank) · (a · b)`.
    pub(in crate::layers) fn add(
        self,
        g: &mut Graph,
        y: Value,
        [a, b]: [Value; 2],
    ) -> Result<Value> {
        let rank = self.rank.unwrap_or(1) as f64;
        let learnt = g.matmul(a, b)?;
        let learnt = g.scale(learnt, (self.alpha.unwrap_or(rank) / rank) as f32)?;
        g.add(y, learnt)
    }
}
