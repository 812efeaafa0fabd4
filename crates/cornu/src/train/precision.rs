//! In which numbers the products of a training step are computed.

use std::fmt;

use crate::error::{Error, Result};
use crate::model::Model;

/// In which numbers the products of a training step are computed; everything else is in f32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Operands as they are.
    #[default]
    F32,
    /// Operands of convolutions and dense layers, and of their gradients, rounded to bf16 (8 binary digits, the range of f32), where the
    /// processor multiplies such numbers faster; sums in f32.
    Bf16,
}

impl Precision {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bf16];

    /// The name: `f32`, `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }

    /// The precision of a name.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) with the nearest known name.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|p| p.name() == name);
        found.ok_or_else(|| Error::unknown("precision", name, Self::ALL.map(Self::name).to_vec()))
    }

    /// What this machine makes of it: f32 where it has no instructions for bf16, which would only be slower.
    pub fn here(self) -> Self {
        match self {
            Self::Bf16 if cornu_kernels::bf16::is_fast() => Self::Bf16,
            _ => Self::F32,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Model {
    /// Chooses in which numbers `fit` computes products, and returns what it will do on this machine: [`Precision::F32`] where the
    /// processor has no instructions for bf16 (Intel's AMX is used).
    ///
    /// Weights, sums, statistics, the loss and the optimizer stay in f32, and so do products that are too small to gain. Models are saved,
    /// evaluated and used as ever. As in f32, results do not depend on the number of threads. Compiling again begins with f32.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) before `compile`.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let mut model = Sequential::new().input([8, 8, 16]).add(Conv2D::new(32, 3)).add(Flatten::new()).add(Dense::new(2)).build()?;
    /// model.compile(Adam::default(), MeanSquaredError::default(), [] as [&str; 0])?;
    /// let chosen = model.set_precision(Precision::Bf16)?;
    /// if chosen == Precision::F32 {
    ///     eprintln!("this processor has no instructions for bf16: training in f32");
    /// }
    /// let (x, y) = (Tensor::zeros([4, 8, 8, 16]), Tensor::zeros([4, 2]));
    /// model.fit(&(x, y), Fit::epochs(1))?;
    /// assert_eq!(model.precision(), chosen);
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn set_precision(&mut self, precision: Precision) -> Result<Precision> {
        self.compiled()?;
        if let Some(compiled) = &mut self.compiled {
            compiled.precision = precision;
        }
        Ok(self.precision())
    }

    /// In which numbers `fit` computes products on this machine.
    pub fn precision(&self) -> Precision {
        let compiled = self.compiled.as_ref();
        compiled.map_or(Precision::F32, |c| c.precision.here())
    }
}
