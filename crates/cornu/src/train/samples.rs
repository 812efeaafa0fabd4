//! Where training and evaluation get their batches from.

use crate::exec::parallel::each;
use cornu_data::ImageSet;
use cornu_kernels::reduce::all_finite;

use crate::error::{Error, Result};
use crate::losses::Targets;
use crate::shape::{DType, Shape};
use crate::tensor::{Data, Tensor};

/// A set of samples with their targets, from which batches are made.
///
/// Implemented for image sets, and for pairs of tensors `(x, y)` whose first axis counts the samples.
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

/// Rows of one tensor, converted, into a batch.
fn convert_rows<T: Copy, U>(
    from: &[T],
    row: usize,
    samples: &[usize],
    to: &mut [U],
    f: impl Fn(T) -> U,
) {
    for (&i, to) in samples.iter().zip(to.chunks_mut(row.max(1))) {
        for (t, &v) in to.iter_mut().zip(&from[i * row..(i + 1) * row]) {
            *t = f(v);
        }
    }
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

impl Samples for (&[Tensor], &Tensor) {
    fn len(&self) -> usize {
        self.1.shape().first().copied().unwrap_or(0)
    }

    fn input_shapes(&self) -> Vec<Shape> {
        self.0.iter().map(|x| x.shape().without_batch()).collect()
    }

    fn targets(&self) -> Targets {
        Targets {
            shape: self.1.shape().without_batch(),
            dtype: match self.1.dtype() {
                DType::F32 => DType::F32,
                DType::I32 | DType::U8 => DType::I32,
            },
            range: range(self.1),
        }
    }

    fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
        for (x, to) in self.0.iter().zip(inputs) {
            copy_tensor_rows(x, samples, to);
        }
    }

    fn fill_targets(&self, samples: &[usize], mut out: RowsMut<'_>) {
        copy_tensor_rows(self.1, samples, &mut out);
    }

    fn check(&self) -> Result<()> {
        let n = self.len();
        for (k, x) in self.0.iter().enumerate() {
            let rows = x.shape().first().copied().unwrap_or(0);
            if rows != n {
                return Err(Error::data(format!(
                    "inputs and targets must count the same samples, received {rows} in input {k} and {n} targets"
                )));
            }
            check_finite("inputs", x)?;
        }
        check_finite("targets", self.1)
    }
}

/// Forwards everything to another implementation.
macro_rules! forward {
    ($type:ty, |$s:ident| $inner:expr) => {
        impl Samples for $type {
            fn len(&self) -> usize {
                let $s = self;
                Samples::len(&$inner)
            }
            fn input_shapes(&self) -> Vec<Shape> {
                let $s = self;
                Samples::input_shapes(&$inner)
            }
            fn targets(&self) -> Targets {
                let $s = self;
                Samples::targets(&$inner)
            }
            fn fill_inputs(&self, samples: &[usize], inputs: &mut [RowsMut<'_>]) {
                let $s = self;
                Samples::fill_inputs(&$inner, samples, inputs);
            }
            fn fill_targets(&self, samples: &[usize], out: RowsMut<'_>) {
                let $s = self;
                Samples::fill_targets(&$inner, samples, out);
            }
            fn check(&self) -> Result<()> {
                let $s = self;
                Samples::check(&$inner)
            }
        }
    };
}

forward!((&Tensor, &Tensor), |s| (std::slice::from_ref(s.0), s.1));
forward!((Tensor, Tensor), |s| (std::slice::from_ref(&s.0), &s.1));
forward!((Vec<Tensor>, Tensor), |s| (s.0.as_slice(), &s.1));
