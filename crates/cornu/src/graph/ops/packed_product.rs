//! A convolution or a dense layer whose weight was packed before.

use super::{Array, Call, Conv2D, GradientOf, MatMul, Operand, Rule, Split};
use crate::error::Result;
use crate::graph::{Meta, Value};
use crate::shape::Shape;

/// What [`Conv2D`] or [`MatMul`] computes, from a weight that [`PackedKernel`](super::PackedKernel) copied together. Set by the packing
/// pass alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackedProduct {
    /// The product that is computed.
    pub of: Packable,
    /// The shape of its weight.
    pub weight: Shape,
}

/// A product by a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packable {
    /// A convolution of one group.
    Conv2D(Conv2D),
    /// A dense layer.
    MatMul(MatMul),
}

impl Packable {
    /// The name of the op that computes the same from the weight as it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv2D(_) => "Conv2D",
            Self::MatMul(_) => "MatMul",
        }
    }
}

impl PackedProduct {
    fn rule(&self) -> &dyn Rule {
        match &self.of {
            Packable::Conv2D(conv) => conv,
            Packable::MatMul(product) => product,
        }
    }

    /// What the product's inputs were before the weight was packed.
    fn unpacked<R>(&self, inputs: &[&Meta], f: impl FnOnce(&[&Meta]) -> R) -> R {
        let weight = Meta::f32(self.weight.clone());
        let mut before = inputs.to_vec();
        before[1] = &weight;
        f(&before)
    }
}

impl Rule for PackedProduct {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        self.unpacked(inputs, |inputs| self.rule().infer(inputs))
    }

    fn grad(&self, _: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        unreachable!("gradients are taken before weights are packed")
    }

    fn eval(&self, _: &[&Array], _: &[Meta]) -> Vec<Array> {
        unreachable!("the reference runs graphs before weights are packed")
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        let weight = Meta::f32(self.weight.clone());
        let mut before = inputs.to_vec();
        before[1] = Operand {
            meta: &weight,
            ..inputs[1]
        };
        self.rule().split(&before, outputs)
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        match &self.of {
            Packable::Conv2D(conv) => conv.compute(call, &self.weight, true),
            Packable::MatMul(product) => product.compute(call, &self.weight, true),
        }
    }

    fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        self.unpacked(inputs, |inputs| self.rule().flops(inputs, outputs))
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Case, Fill::*, case};
    let mut cases: Vec<Case> = Vec::new();
    for (k, n) in [(3, 5), (17, 33), (64, 96)] {
        cases.push(case(format!("[b, {k}] · [{k}, {n}]"), move |s| {
            let (x, w) = (s.batched(&[k], Mixed)?, s.fixed(&[k, n], Mixed)?);
            let b = s.fixed(&[n], Mixed)?;
            let y = s.g.matmul(x, w)?;
            let y = s.g.add(y, b)?;
            s.g.relu(y)
        }));
    }
    cases.push(case("over time, by a transposed weight", |s| {
        let (x, w) = (s.batched(&[3, 13], Mixed)?, s.fixed(&[35, 13], Mixed)?);
        let wt = s.g.transpose(w, &[1, 0])?;
        s.g.matmul(x, wt)
    }));
    for (name, image, kernel, convolution) in super::convolution::convolutions() {
        if convolution.groups > 1 {
            continue;
        }
        let [h, w, out] = kernel;
        for out in [out, 65] {
            let kernel = [h, w, image[2], out];
            let name = format!("{name}, {out} channels");
            let conv = case(name, move |s| {
                let (x, w) = (s.batched(&image, Mixed)?, s.fixed(&kernel, Mixed)?);
                let b = s.fixed(&[out], Mixed)?;
                let y = s.g.conv2d(x, w, convolution)?;
                let y = s.g.add(y, b)?;
                s.g.relu(y)
            });
            // Among so many some are near 0.
            cases.push(conv.not_smooth());
        }
    }
    cases
}
