//! What a step can change: a model's weights, a layer's, a variable, or several of those.

use crate::constraints::Constraint;
use crate::exec::Variable;
use crate::model::{LayerOf, Model};

/// A weight that a step can train.
#[derive(Clone, Debug)]
pub struct TrainableWeight {
    /// Its path, by which optimizers may treat weights apart; empty for a variable of your own.
    pub path: String,
    /// Where its value is.
    pub variable: Variable,
    /// What it is brought back to after a step.
    pub constraint: Option<Constraint>,
}

/// Something whose weights a step can train: a [`Model`] (those of its weights that are trainable), a [layer](Model::layer) of one, a
/// [`Variable`], or a list of those.
pub trait Trainable {
    /// The weights to be trained.
    fn trained(&self) -> Vec<TrainableWeight>;
}

impl Trainable for Model {
    fn trained(&self) -> Vec<TrainableWeight> {
        let weights = self.weights.iter().zip(self.variables()).enumerate();
        weights
            .filter(|(i, _)| self.is_trainable(*i))
            .map(|(_, (w, variable))| TrainableWeight {
                path: w.path.clone(),
                variable: variable.clone(),
                constraint: w.spec.constraint.clone(),
            })
            .collect()
    }
}

impl Trainable for LayerOf<'_> {
    fn trained(&self) -> Vec<TrainableWeight> {
        let all = self.model().trained();
        let own: Vec<u64> = self.variables().iter().map(Variable::id).collect();
        all.into_iter()
            .filter(|w| own.contains(&w.variable.id()))
            .collect()
    }
}

impl Trainable for Variable {
    fn trained(&self) -> Vec<TrainableWeight> {
        vec![TrainableWeight {
            path: String::new(),
            variable: self.clone(),
            constraint: None,
        }]
    }
}

impl<T: Trainable + ?Sized> Trainable for &T {
    fn trained(&self) -> Vec<TrainableWeight> {
        (**self).trained()
    }
}

impl<T: Trainable> Trainable for [T] {
    fn trained(&self) -> Vec<TrainableWeight> {
        self.iter().flat_map(Trainable::trained).collect()
    }
}

impl<T: Trainable, const N: usize> Trainable for [T; N] {
    fn trained(&self) -> Vec<TrainableWeight> {
        self[..].trained()
    }
}

impl<T: Trainable> Trainable for Vec<T> {
    fn trained(&self) -> Vec<TrainableWeight> {
        self[..].trained()
    }
}
