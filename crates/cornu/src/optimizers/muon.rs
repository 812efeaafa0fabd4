//! Muon: momentum of matrices made nearly orthogonal before each step, Adam for all other weights.

use serde_json::{Map, Value as Json};

use super::{
    Base, Optimizer, Pattern, Slot, Step, Stepped, Weight, arguments, begun, length,
    optimizer_class, optimizer_identity, towards,
};
use crate::error::Result;
use crate::graph::{Graph, Value};

optimizer_class! {
    /// Of a matrix: `m ← μ·m + g`, `u` the momentum (with Nesterov's, `g + μ·m`) made nearly orthogonal by `ns_steps` steps of Newton and
    /// Schulz, `w ← w - lr·u·√max(rows, columns)·rms_rate`. All other weights, embeddings, and what `exclude_layers` names: AdamW.
    ///
    /// # Errors
    /// A learning rate below 0, `β` or momentum outside `[0, 1)`, `ε` below 0, more than one kind of clipping.
    ///
    /// # Example
    /// ```
    /// use cornu::optimizers::Muon;
    /// let muon = Muon::new(0.02).exclude_layers(vec!["head".into()]);
    /// # let _ = muon;
    /// ```
    ///
    /// # Source
    /// Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024; Liu et al., "Muon is Scalable for LLM Training",
    /// 2025.
    ///
    /// # Keras
    /// The same arithmetic and defaults.
    pub struct Muon {
        learning_rate = 0.001, weight_decay = 0.004;
        /// Adam's: how much of the mean gradient stays at each step.
        adam_beta_1: f64 = 0.9,
        /// Adam's: how much of the mean squared gradient stays at each step.
        adam_beta_2: f64 = 0.999,
        /// The decay of weights that Adam trains.
        adam_weight_decay: f64 = 0.004,
        /// Adam's: keeps the division from zero.
        epsilon: f64 = 1e-7,
        /// Weights in whose paths one of these is found are Adam's.
        exclude_layers: Vec<Pattern> = Vec::new(),
        /// Whether weights of layers with "embedding" in their names are Adam's.
        exclude_embeddings: bool = true,
        /// Of the steps of Newton and Schulz.
        muon_a: f64 = 3.4445,
        /// Of the steps of Newton and Schulz.
        muon_b: f64 = -4.775,
        /// Of the steps of Newton and Schulz.
        muon_c: f64 = 2.0315,
        /// Adam's learning rate as a share of Muon's.
        adam_lr_ratio: f64 = 1.0,
        /// How much of the momentum stays at each step.
        momentum: f64 = 0.95,
        /// How many steps of Newton and Schulz are gone.
        ns_steps: usize = 5,
        /// Whether the gradient counts as if it were taken one step of momentum ahead.
        nesterov: bool = true,
        /// What steps are multiplied by, besides the root of the matrix's larger side; none for neither.
        rms_rate: Option<f64> = Some(0.2),
    }
}

impl Muon {
    fn is_adams(&self, path: &str, rank: usize) -> bool {
        rank != 2
            || (self.exclude_embeddings && path.to_lowercase().contains("embedding"))
            || self.exclude_layers.iter().any(|p| p.is_in(path))
    }

    /// A matrix with the same singular vectors whose singular values are all near 1.
    fn orthogonal(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let shape = g.shape(x).clone();
        let tall = shape[0] > shape[1];
        let mut x = if tall { g.transpose(x, &[1, 0])? } else { x };
        let size = length(g, x)?;
        let size = g.add_scalar(size, 1e-7)?;
        x = g.div(x, size)?;
        for _ in 0..self.ns_steps {
            let turned = g.transpose(x, &[1, 0])?;
            let a = g.matmul(x, turned)?;
            let a2 = g.matmul(a, a)?;
            let b = g.scale(a, self.muon_b as f32)?;
            let c = g.scale(a2, self.muon_c as f32)?;
            let b = g.add(b, c)?;
            let bent = g.matmul(b, x)?;
            let kept = g.scale(x, self.muon_a as f32)?;
            x = g.add(kept, bent)?;
        }
        if tall { g.transpose(x, &[1, 0]) } else { Ok(x) }
    }
}

impl Optimizer for Muon {
    optimizer_identity!(Muon);

    fn config(&self) -> Map<String, Json> {
        arguments::object(self)
    }

    fn check(&self) -> Result<()> {
        self.base.check("Muon")?;
        arguments::share("Muon", "adam_beta_1", self.adam_beta_1)?;
        arguments::share("Muon", "adam_beta_2", self.adam_beta_2)?;
        arguments::share("Muon", "momentum", self.momentum)?;
        arguments::not_negative("Muon", "epsilon", self.epsilon)?;
        arguments::not_negative("Muon", "adam_weight_decay", self.adam_weight_decay)?;
        arguments::not_negative("Muon", "adam_lr_ratio", self.adam_lr_ratio)
    }

    fn decay(&self, weight: Weight<'_>) -> Option<f64> {
        if self.is_adams(weight.path, weight.shape.rank()) {
            Some(self.adam_weight_decay)
        } else {
            self.base.weight_decay
        }
    }

    fn slots(&self, weight: Weight<'_>) -> Vec<Slot> {
        let mut slots = vec![Slot::zeros("momentum", weight)];
        if self.is_adams(weight.path, weight.shape.rank()) {
            slots.push(Slot::zeros("velocity", weight));
        }
        slots
    }

    fn step(&self, g: &mut Graph, s: Step<'_>) -> Result<Stepped> {
        if let [m, v] = *s.slots {
            let rate = g.scale(s.learning_rate, self.adam_lr_ratio as f32)?;
            let (c1, c2) = (
                begun(g, self.adam_beta_1, s.iteration)?,
                begun(g, self.adam_beta_2, s.iteration)?,
            );
            let c2 = g.sqrt(c2)?;
            let alpha = g.mul(rate, c2)?;
            let alpha = g.div(alpha, c1)?;
            let m = towards(g, m, s.grad, 1.0 - self.adam_beta_1)?;
            let g2 = g.square(s.grad)?;
            let v = towards(g, v, g2, 1.0 - self.adam_beta_2)?;
            let root = g.sqrt(v)?;
            let root = g.add_scalar(root, self.epsilon as f32)?;
            let d = g.mul(m, alpha)?;
            let d = g.div(d, root)?;
            return Ok(Stepped {
                weight: g.sub(s.weight, d)?,
                slots: vec![m, v],
            });
        }
        let beta = self.momentum as f32;
        let kept = g.scale(s.slots[0], beta)?;
        let m = g.add(s.grad, kept)?;
        let ahead = if self.nesterov {
            let kept = g.scale(m, beta)?;
            g.add(s.grad, kept)?
        } else {
            m
        };
        let u = self.orthogonal(g, ahead)?;
        let shape = g.shape(s.weight);
        let larger = shape[0].max(shape[1]) as f64;
        let scale = self.rms_rate.map_or(1.0, |rate| larger.sqrt() * rate);
        let share = g.scale(s.learning_rate, scale as f32)?;
        let d = g.mul(u, share)?;
        Ok(Stepped {
            weight: g.sub(s.weight, d)?,
            slots: vec![m],
        })
    }
}
