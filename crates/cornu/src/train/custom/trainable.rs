//! What a step can change: a model's weights, a layer's, a variable, or several of those.

use crate::constraints::Constraint;
use crate::exec::Variable;
use crate::model::{LayerOf, Model};

/// Something whose weights a step can train: a [`Model`] (those of its weights that are trainable), a [layer](Model::layer) of one, a
/// [`Variable`], or a list of those.
pub trait Trainable {
    /// The variables to be trained, each with what it is brought back to after a step.
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)>;
}

impl Trainable for Model {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        let weights = self.weights.iter().zip(self.variables()).enumerate();
        weights
            .filter(|(i, _)| self.is_trainable(*i))
            .map(|(_, (w, variable))| (variable.clone(), w.spec.constraint.clone()))
            .collect()
    }
}

impl Trainable for LayerOf<'_> {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        let all = self.model().trained();
        let own: Vec<u64> = self.variables().iter().map(Variable::id).collect();
        all.into_iter()
            .filter(|(variable, _)| own.contains(&variable.id()))
            .collect()
    }
}

impl Trainable for Variable {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        vec![(self.clone(), None)]
    }
}

impl<T: Trainable + ?Sized> Trainable for &T {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        (**self).trained()
    }
}

impl<T: Trainable> Trainable for [T] {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        self.iter().flat_map(Trainable::trained).collect()
    }
}

impl<T: Trainable, const N: usize> Trainable for [T; N] {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        self[..].trained()
    }
}

impl<T: Trainable> Trainable for Vec<T> {
    fn trained(&self) -> Vec<(Variable, Option<Constraint>)> {
        self[..].trained()
    }
}
