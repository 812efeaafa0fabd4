//! What a computation returns: values while it is written, tensors when it runs.

use std::vec::IntoIter;

use crate::graph::Value;
use crate::tensor::Tensor;

/// What a computation returns: nothing, a value, an array or list of values, or a tuple of those.
pub trait Outputs {
    /// The same in tensors.
    type Tensors;

    /// All values, in order.
    fn values(&self) -> Vec<Value>;

    /// The tensors of these values, taken from the front.
    fn tensors(&self, from: &mut IntoIter<Tensor>) -> Self::Tensors;
}

fn next(from: &mut IntoIter<Tensor>) -> Tensor {
    from.next().expect("a tensor for each value")
}

impl Outputs for () {
    type Tensors = ();
    fn values(&self) -> Vec<Value> {
        Vec::new()
    }
    fn tensors(&self, _: &mut IntoIter<Tensor>) {}
}

impl Outputs for Value {
    type Tensors = Tensor;
    fn values(&self) -> Vec<Value> {
        vec![*self]
    }
    fn tensors(&self, from: &mut IntoIter<Tensor>) -> Tensor {
        next(from)
    }
}

impl<const N: usize> Outputs for [Value; N] {
    type Tensors = [Tensor; N];
    fn values(&self) -> Vec<Value> {
        self.to_vec()
    }
    fn tensors(&self, from: &mut IntoIter<Tensor>) -> [Tensor; N] {
        std::array::from_fn(|_| next(from))
    }
}

impl Outputs for Vec<Value> {
    type Tensors = Vec<Tensor>;
    fn values(&self) -> Vec<Value> {
        self.clone()
    }
    fn tensors(&self, from: &mut IntoIter<Tensor>) -> Vec<Tensor> {
        self.iter().map(|_| next(from)).collect()
    }
}

impl<A: Outputs, B: Outputs> Outputs for (A, B) {
    type Tensors = (A::Tensors, B::Tensors);
    fn values(&self) -> Vec<Value> {
        [self.0.values(), self.1.values()].concat()
    }
    fn tensors(&self, from: &mut IntoIter<Tensor>) -> Self::Tensors {
        (self.0.tensors(from), self.1.tensors(from))
    }
}

impl<A: Outputs, B: Outputs, C: Outputs> Outputs for (A, B, C) {
    type Tensors = (A::Tensors, B::Tensors, C::Tensors);
    fn values(&self) -> Vec<Value> {
        [self.0.values(), self.1.values(), self.2.values()].concat()
    }
    fn tensors(&self, from: &mut IntoIter<Tensor>) -> Self::Tensors {
        let (a, b) = (self.0.tensors(from), self.1.tensors(from));
        (a, b, self.2.tensors(from))
    }
}
