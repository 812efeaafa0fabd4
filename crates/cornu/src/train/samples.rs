//! Where training and evaluation get their batches from.

use crate::exec::parallel::{chunks, each};
use cornu_data::ImageSet;
use cornu_kernels::reduce::all_finite;

use crate::error::{Error, Result};
use crate::losses::Targets;
use crate::shape::{DType, Shape};
use crate::tensor::{Data, Tensor};

/// A set of samples with their targets, from which batches are made.
///
/// Implemented for image sets, and for tensors whose first axis counts the samples: `(x, y)`, `(x, y, weights)`, where `x`, `y` and
/// `weights` are each a tensor or, for several inputs and outputs, a `Vec` of them.
pub trait Samples: Sync {
    /// Number of samples.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shapes of one sample's inputs.
    fn input_shapes(&self) -> Vec<Shape>;

    /// What is known of the targets.
    fn targets(&self) -> Targets;

    /// Writes the samples with these numbers: each input's rows one after another, in the type that the model's input has.
    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]);

    /// Writes the targets of the samples with these numbers, in the type that [`Samples::targets`] tells.
    fn fill_targets(&self, samples: &[usize], out: RowsMut<'_>);

    /// What is known of the targets of each output that has a loss or a metric, in the order of the outputs.
    fn all_targets(&self) -> Vec<Targets> {
        vec![self.targets()]
    }

    /// As [`Samples::fill_targets`], for all outputs.
    fn fill_all_targets(&self, samples: &[usize], targets: &mut [RowsMut<'_>]) {
        if let Some(first) = targets.first_mut() {
            self.fill_targets(samples, first.reborrow());
        }
    }

    /// How much samples count, where not all count the same: shapes of one sample's weights, `[]` for a number a sample; one for all
    /// targets, or one for each.
    fn weights(&self) -> Vec<Shape> {
        Vec::new()
    }

    /// Writes the weights of the samples with these numbers, of the list with this number.
    fn fill_weights(&self, _list: usize, _samples: &[usize], _out: &mut [f32]) {}

    /// Finds what would spoil training: values that are no numbers.
    fn check(&self) -> Result<()>;
}

/// Where the rows of a batch are written to.
#[derive(Debug)]
pub enum RowsMut<'a> {
    /// Integers.
    I32(&'a mut [i32]),
    /// Real numbers.
    F32(&'a mut [f32]),
}

impl<'a> RowsMut<'a> {
    /// The elements of a feed.
    pub(crate) fn of(x: &'a mut Tensor) -> Self {
        match x.data_mut() {
            Data::F32(y) => Self::F32(y),
            Data::I32(y) => Self::I32(y),
            Data::U8(_) => unreachable!("inputs and targets are floats or integers"),
        }
    }

    /// The same rows, lent.
    pub fn reborrow(&mut self) -> RowsMut<'_> {
        match self {
            Self::I32(x) => RowsMut::I32(x),
            Self::F32(x) => RowsMut::F32(x),
        }
    }
}

impl Samples for ImageSet {
    fn len(&self) -> usize {
        Self::len(self)
    }

    fn input_shapes(&self) -> Vec<Shape> {
        vec![Shape::from(self.image_shape())]
    }

    fn targets(&self) -> Targets {
        let low = self.labels().iter().min();
        let high = self.labels().iter().max();
        Targets {
            shape: Shape::scalar(),
            dtype: DType::I32,
            range: low.zip(high).map(|(&a, &b)| (f64::from(a), f64::from(b))),
        }
    }

    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
        /// Images a thread takes at a time: 16 × 32 × 32 × 3 conversions are some 10 µs.
        const PIECE: usize = 16;
        let width = self.image_len();
        let fill = |samples: &[usize], out: &mut [f32]| {
            self.fill_f32(samples, out)
                .expect("samples are numbered within the set");
        };
        match &mut inputs[0] {
            RowsMut::F32(out) => {
                let pieces = out.chunks_mut(PIECE * width).zip(samples.chunks(PIECE));
                each(true, pieces.collect(), |_, (out, samples)| {
                    fill(samples, out);
                });
            }
            RowsMut::I32(out) => {
                let mut image = vec![0.0; width];
                for (out, &sample) in out.chunks_mut(width.max(1)).zip(samples) {
                    fill(&[sample], &mut image);
                    for (o, &x) in out.iter_mut().zip(&image) {
                        *o = x as i32;
                    }
                }
            }
        }
    }

    fn fill_targets(&self, samples: &[usize], out: RowsMut<'_>) {
        match out {
            RowsMut::I32(y) => {
                for (y, &i) in y.iter_mut().zip(samples) {
                    *y = self.labels()[i];
                }
            }
            RowsMut::F32(y) => {
                for (y, &i) in y.iter_mut().zip(samples) {
                    *y = self.labels()[i] as f32;
                }
            }
        }
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// Rows of one tensor, converted, into a batch, by all threads where they are many.
fn convert_rows<T: Copy + Sync, U: Send>(
    from: &[T],
    row: usize,
    samples: &[usize],
    to: &mut [U],
    f: impl Fn(T) -> U + Sync,
) {
    /// Elements a thread takes at a time: some 5 µs, most of them spent waiting for memory.
    const PIECE: usize = 1 << 14;
    let length = row.max(1);
    let rows = PIECE.div_ceil(length);
    chunks(true, to, rows * length, |piece, to| {
        let samples = &samples[piece * rows..];
        for (&i, to) in samples.iter().zip(to.chunks_mut(length)) {
            for (t, &v) in to.iter_mut().zip(&from[i * row..(i + 1) * row]) {
                *t = f(v);
            }
        }
    });
}

/// Rows of one tensor into a batch of any type; floats become whole numbers by cutting what follows the point, as a cast does.
pub(super) fn copy_tensor_rows(x: &Tensor, samples: &[usize], to: &mut RowsMut<'_>) {
    let row = x.shape().row();
    match (x.data(), to) {
        (Data::F32(v), RowsMut::F32(y)) => convert_rows(v, row, samples, y, |x| x),
        (Data::I32(v), RowsMut::F32(y)) => convert_rows(v, row, samples, y, |x| x as f32),
        (Data::U8(v), RowsMut::F32(y)) => convert_rows(v, row, samples, y, f32::from),
        (Data::F32(v), RowsMut::I32(y)) => convert_rows(v, row, samples, y, |x| x as i32),
        (Data::I32(v), RowsMut::I32(y)) => convert_rows(v, row, samples, y, |x| x),
        (Data::U8(v), RowsMut::I32(y)) => convert_rows(v, row, samples, y, i32::from),
    }
}

fn check_finite(what: &str, x: &Tensor) -> Result<()> {
    let Data::F32(values) = x.data() else {
        return Ok(());
    };
    if all_finite(values) {
        return Ok(());
    }
    let bad = values.iter().position(|v| !v.is_finite());
    let bad = bad.expect("there is one");
    let row = x.shape().row().max(1);
    Err(Error::data(format!(
        "{what} must be finite numbers, received {} in sample {}, element {}",
        values[bad],
        bad / row,
        bad % row
    ))
    .help("remove such samples, or fill in the missing values"))
}

fn range(y: &Tensor) -> Option<(f64, f64)> {
    let fold = |it: &mut dyn Iterator<Item = f64>| {
        it.fold(None, |r: Option<(f64, f64)>, v| match r {
            None => Some((v, v)),
            Some((a, b)) => Some((a.min(v), b.max(v))),
        })
    };
    match y.data() {
        Data::F32(v) => fold(&mut v.iter().map(|&x| f64::from(x))),
        Data::I32(v) => fold(&mut v.iter().map(|&x| f64::from(x))),
        Data::U8(v) => fold(&mut v.iter().map(|&x| f64::from(x))),
    }
}

/// Tensors as samples: inputs, targets and weights, each as many as there are.
struct Arrays<'a> {
    inputs: &'a [Tensor],
    targets: &'a [Tensor],
    weights: &'a [Tensor],
}

fn targets_of(y: &Tensor) -> Targets {
    Targets {
        shape: y.shape().without_batch(),
        dtype: match y.dtype() {
            DType::F32 => DType::F32,
            DType::I32 | DType::U8 => DType::I32,
        },
        range: range(y),
    }
}

impl Samples for Arrays<'_> {
    fn len(&self) -> usize {
        let counted = self.targets.first().or(self.inputs.first());
        counted
            .and_then(|x| x.shape().first().copied())
            .unwrap_or(0)
    }

    fn input_shapes(&self) -> Vec<Shape> {
        let inputs = self.inputs.iter();
        inputs.map(|x| x.shape().without_batch()).collect()
    }

    fn targets(&self) -> Targets {
        self.targets.first().map_or(
            Targets {
                shape: Shape::scalar(),
                dtype: DType::F32,
                range: None,
            },
            targets_of,
        )
    }

    fn all_targets(&self) -> Vec<Targets> {
        self.targets.iter().map(targets_of).collect()
    }

    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
        for (x, to) in self.inputs.iter().zip(inputs) {
            copy_tensor_rows(x, samples, to);
        }
    }

    fn fill_targets(&self, samples: &[usize], mut out: RowsMut<'_>) {
        if let Some(y) = self.targets.first() {
            copy_tensor_rows(y, samples, &mut out);
        }
    }

    fn fill_all_targets(&self, samples: &[usize], targets: &mut [RowsMut<'_>]) {
        for (y, to) in self.targets.iter().zip(targets) {
            copy_tensor_rows(y, samples, to);
        }
    }

    fn weights(&self) -> Vec<Shape> {
        let weights = self.weights.iter();
        weights.map(|w| w.shape().without_batch()).collect()
    }

    fn fill_weights(&self, list: usize, samples: &[usize], out: &mut [f32]) {
        copy_tensor_rows(&self.weights[list], samples, &mut RowsMut::F32(out));
    }

    fn check(&self) -> Result<()> {
        let n = self.len();
        fn named<'a>(
            what: &'static str,
            all: &'a [Tensor],
        ) -> impl Iterator<Item = (&'static str, usize, &'a Tensor)> {
            all.iter().enumerate().map(move |(k, x)| (what, k, x))
        }
        let targets = named("target", self.targets);
        let weights = named("weights", self.weights);
        for (what, k, x) in named("input", self.inputs).chain(targets).chain(weights) {
            let rows = x.shape().first().copied().unwrap_or(0);
            if rows != n {
                return Err(Error::data(format!(
                    "inputs and targets must count the same samples, received {rows} in {what} {k} and {n} targets"
                )));
            }
            let plural = match what {
                "input" => "inputs",
                "target" => "targets",
                _ => "weights",
            };
            check_finite(plural, x)?;
        }
        Ok(())
    }
}

/// Implements [`Samples`] for what can be seen as [`Arrays`].
macro_rules! arrays {
    ($($type:ty, |$s:ident| $inputs:expr, $targets:expr, $weights:expr;)*) => {
        $(impl Samples for $type {
            fn len(&self) -> usize {
                self.arrays().len()
            }
            fn input_shapes(&self) -> Vec<Shape> {
                self.arrays().input_shapes()
            }
            fn targets(&self) -> Targets {
                self.arrays().targets()
            }
            fn all_targets(&self) -> Vec<Targets> {
                self.arrays().all_targets()
            }
            fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
                self.arrays().fill_inputs(samples, inputs);
            }
            fn fill_targets(&self, samples: &[usize], out: RowsMut<'_>) {
                self.arrays().fill_targets(samples, out);
            }
            fn fill_all_targets(&self, samples: &[usize], targets: &mut [RowsMut<'_>]) {
                self.arrays().fill_all_targets(samples, targets);
            }
            fn weights(&self) -> Vec<Shape> {
                self.arrays().weights()
            }
            fn fill_weights(&self, list: usize, samples: &[usize], out: &mut [f32]) {
                self.arrays().fill_weights(list, samples, out);
            }
            fn check(&self) -> Result<()> {
                self.arrays().check()
            }
        }
        impl AsArrays for $type {
            fn arrays(&self) -> Arrays<'_> {
                let $s = self;
                Arrays { inputs: $inputs, targets: $targets, weights: $weights }
            }
        })*
    };
}

trait AsArrays {
    fn arrays(&self) -> Arrays<'_>;
}

use std::slice::from_ref as one;

arrays! {
    (&Tensor, &Tensor), |s| one(s.0), one(s.1), &[];
    (Tensor, Tensor), |s| one(&s.0), one(&s.1), &[];
    (Vec<Tensor>, Tensor), |s| &s.0, one(&s.1), &[];
    (Tensor, Vec<Tensor>), |s| one(&s.0), &s.1, &[];
    (Vec<Tensor>, Vec<Tensor>), |s| &s.0, &s.1, &[];
    (&[Tensor], &Tensor), |s| s.0, one(s.1), &[];
    (&[Tensor], &[Tensor]), |s| s.0, s.1, &[];
    (&Tensor, &Tensor, &Tensor), |s| one(s.0), one(s.1), one(s.2);
    (Tensor, Tensor, Tensor), |s| one(&s.0), one(&s.1), one(&s.2);
    (Vec<Tensor>, Tensor, Tensor), |s| &s.0, one(&s.1), one(&s.2);
    (Tensor, Vec<Tensor>, Tensor), |s| one(&s.0), &s.1, one(&s.2);
    (Tensor, Vec<Tensor>, Vec<Tensor>), |s| one(&s.0), &s.1, &s.2;
    (&[Tensor], &Tensor, &Tensor), |s| s.0, one(s.1), one(s.2);
    (Vec<Tensor>, Vec<Tensor>, Tensor), |s| &s.0, &s.1, one(&s.2);
    (Vec<Tensor>, Vec<Tensor>, Vec<Tensor>), |s| &s.0, &s.1, &s.2;
    (&[Tensor], &[Tensor], &[Tensor]), |s| s.0, s.1, s.2;
}
