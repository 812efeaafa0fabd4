//! The ops: one file each with attributes, shape rule, gradient rule, naive reference and the call of its fast kernel.
//!
//! A new op is one file that implements [`Rule`] and one line in the list below.

use std::ops::Range;

use super::{Array, Graph, Meta, Value};
use cornu_kernels::copy;

use crate::error::Result;
use crate::exec::parallel;
use crate::shape::Shape;

macro_rules! ops {
    ($($module:ident :: $name:ident,)*) => {
        $(pub mod $module; pub use $module::$name;)*

        /// What a node computes: the closed list of ops.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Op { $($name($name),)* }

        $(impl From<$name> for Op {
            fn from(op: $name) -> Self { Self::$name(op) }
        })*

        /// The names of all ops, for tests that hold the list against the cases.
        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$(stringify!($name),)*];

        /// The cases of each op.
        #[cfg(test)]
        fn all_cases() -> Vec<(&'static str, Vec<check::Case>)> {
            vec![$((stringify!($name), $module::cases()),)*]
        }

        impl Op {
            /// The op's name in the list.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)* }
            }
            fn rule(&self) -> &dyn Rule {
                match self { $(Self::$name(op) => op,)* }
            }
        }
    };
}

#[cfg(test)]
pub(crate) mod check;
mod convolution;

ops! {
    input::Input,
    constant::Constant,
    unary::Unary,
    binary::Binary,
    select::Select,
    cast::Cast,
    stop_gradient::StopGradient,
    reshape::Reshape,
    transpose::Transpose,
    broadcast::Broadcast,
    reduce::Reduce,
    moments::Moments,
    channel_sum::ChannelSum,
    concat::Concat,
    slice::Slice,
    pad::Pad,
    matmul::MatMul,
    matmul_tn::MatMulTn,
    conv2d::Conv2D,
    conv2d_weight_grad::Conv2DWeightGrad,
    conv3d::Conv3D,
    conv3d_weight_grad::Conv3DWeightGrad,
    flip_kernel::FlipKernel,
    winograd_kernel::WinogradKernel,
    winograd_conv2d::WinogradConv2D,
    winograd_weight_grad::WinogradWeightGrad,
    packed_kernel::PackedKernel,
    packed_product::PackedProduct,
    max_pool::MaxPool,
    max_pool_grad::MaxPoolGrad,
    max_pool_gather::MaxPoolGather,
    average_pool::AveragePool,
    average_pool_grad::AveragePoolGrad,
    softmax::Softmax,
    log_softmax::LogSoftmax,
    one_hot::OneHot,
    take_last::TakeLast,
    gather::Gather,
    scatter_add::ScatterAdd,
    iota::Iota,
    literal::Literal,
    recode::Recode,
    batch_matmul::BatchMatMul,
    layer_norm::LayerNorm,
    layer_norm_grad::LayerNormGrad,
    layer_norm_weight_grad::LayerNormWeightGrad,
    attention::Attention,
    attention_grad::AttentionGrad,
    arg_max::ArgMax,
    arg_sort::ArgSort,
    random::Random,
    sample::Sample,
    sample_grad::SampleGrad,
    resample::Resample,
    pick::Pick,
    pick_grad::PickGrad,
    recurrence::Recurrence,
    recurrence_grad::RecurrenceGrad,
    step_product::StepProduct,
    reverse::Reverse,
    map::Map,
    gradient_step::GradientStep,
    gradient_bound::GradientBound,
}

pub use attention::Attending;
pub use average_pool::Window;
pub use binary::BinaryKind;
pub use convolution::{Convolution, Slide};
pub use layer_norm::Normalization;
pub use packed_product::Packable;
pub use random::Distribution;
pub use recode::{Code, Others, crossed};
pub use reduce::Reduction;
pub use resample::Resampling;
pub use sample::{Interpolation, Outside, Sampler};
pub use unary::UnaryKind;

/// How an op's work may be cut along the batch axis of its batched operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Row `i` of each output needs only row `i` of the batched operands.
    Rows,
    /// The output is a sum over the batch, so parts of the batch give parts of the sum.
    Sum,
    /// As [`Split::Rows`], but better computed for the whole batch at once.
    RowsAtOnce,
    /// The op needs the whole batch at once, and its output has no batch axis in front.
    Whole,
}

/// An operand as [`Rule::split`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// Shape and type.
    pub meta: &'a Meta,
    /// Whether axis 0 is the batch.
    pub batched: bool,
}

/// The rules every op has.
pub trait Rule {
    /// The shapes and types of the outputs; refuses operands that do not fit.
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>>;

    /// The gradient for each input, from the gradients of the outputs (`None`: no path).
    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>>;

    /// The naive reference, in double precision.
    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array>;

    /// How the work may be cut; asked only if an operand is batched. By rows, unless some operand has no rows.
    fn split(&self, inputs: &[Operand<'_>], _outputs: &[Meta]) -> Split {
        if inputs.iter().all(|o| o.batched) {
            Split::Rows
        } else {
            Split::Whole
        }
    }

    /// Computes the outputs, or the part of them that belongs to [`Call::rows`].
    fn run(&self, call: &mut Call<'_, '_>);

    /// Floating-point operations, a multiply-add counted as two.
    fn flops(&self, _inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        outputs[0].shape.elements() as u64
    }
}

impl Op {
    pub(crate) fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        self.rule().infer(inputs)
    }
    pub(crate) fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        self.rule().grad(at)
    }
    pub(crate) fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        self.rule().eval(inputs, outputs)
    }
    pub(crate) fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        self.rule().split(inputs, outputs)
    }
    pub(crate) fn run(&self, call: &mut Call<'_, '_>) {
        self.rule().run(call);
    }
    pub(crate) fn flops(&self, inputs: &[&Meta], outputs: &[Meta]) -> u64 {
        self.rule().flops(inputs, outputs)
    }
}

/// What a gradient rule sees: the node, and the gradients that reached its outputs.
pub struct GradientOf<'a> {
    /// The graph, to which the rule adds the gradient's nodes.
    pub graph: &'a mut Graph,
    /// The node's inputs.
    pub inputs: &'a [Value],
    /// The node's outputs.
    pub outputs: &'a [Value],
    /// The gradient of each output; `None` where nothing depends on it.
    pub dy: &'a [Option<Value>],
}

impl GradientOf<'_> {
    /// The gradient of the first output (a rule is only asked if there is one).
    pub(crate) fn dy0(&self) -> Option<Value> {
        self.dy[0]
    }
}

/// Elements a kernel reads.
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// Floats.
    F32(&'a [f32]),
    /// Integers.
    I32(&'a [i32]),
    /// Bytes.
    U8(&'a [u8]),
    /// The former content of an output that is computed in place.
    InPlace(usize),
}

/// Elements a kernel writes.
#[derive(Debug, Default)]
pub enum ViewMut<'a> {
    /// Floats.
    F32(&'a mut [f32]),
    /// Integers.
    I32(&'a mut [i32]),
    /// Bytes.
    U8(&'a mut [u8]),
    /// Nobody reads this output.
    #[default]
    Unused,
}

/// One call of an op's kernel.
pub struct Call<'a, 'b> {
    /// Shapes and types of the inputs, for the whole batch.
    pub input_metas: &'b [Meta],
    /// Shapes and types of the outputs, for the whole batch.
    pub output_metas: &'b [Meta],
    /// Which inputs are batched.
    pub batched: &'b [bool],
    /// The elements of the inputs: of batched ones, the rows of this call alone.
    pub inputs: &'b [View<'a>],
    /// Where the outputs go, likewise.
    pub outputs: &'b mut [ViewMut<'a>],
    /// Which rows of the batch are computed; `None` for the whole op at once.
    pub rows: Option<Range<usize>>,
    /// Whether to add to the output (a part of a [`Split::Sum`]) instead of overwriting it.
    pub accumulate: bool,
    /// Whether other threads may help.
    pub parallel: bool,
}

impl<'a> Call<'a, '_> {
    pub(crate) fn f32(&self, input: usize) -> &'a [f32] {
        match self.inputs[input] {
            View::F32(x) => x,
            ref other => panic!("input {input} should be float32: {other:?}"),
        }
    }

    pub(crate) fn i32(&self, input: usize) -> &'a [i32] {
        match self.inputs[input] {
            View::I32(x) => x,
            ref other => panic!("input {input} should be int32: {other:?}"),
        }
    }

    pub(crate) fn u8(&self, input: usize) -> &'a [u8] {
        match self.inputs[input] {
            View::U8(x) => x,
            ref other => panic!("input {input} should be uint8: {other:?}"),
        }
    }

    pub(crate) fn out_f32(&mut self, output: usize) -> &mut [f32] {
        match &mut self.outputs[output] {
            ViewMut::F32(y) => y,
            other => panic!("output {output} should be float32: {other:?}"),
        }
    }

    pub(crate) fn out_i32(&mut self, output: usize) -> &mut [i32] {
        match &mut self.outputs[output] {
            ViewMut::I32(y) => y,
            other => panic!("output {output} should be int32: {other:?}"),
        }
    }

    /// The floats of an output, taken out; none if nobody reads it.
    pub(crate) fn take_f32(&mut self, output: usize) -> &'a mut [f32] {
        match self.outputs.get_mut(output).map(std::mem::take) {
            Some(ViewMut::F32(y)) => y,
            _ => &mut [],
        }
    }

    /// The first output, taken out so that it can be written while inputs are read.
    pub(crate) fn take_out(&mut self, output: usize) -> ViewMut<'a> {
        std::mem::replace(&mut self.outputs[output], ViewMut::Unused)
    }

    /// Length of axis 0 of input `i` in this call.
    pub(crate) fn input_rows(&self, i: usize) -> usize {
        match &self.rows {
            Some(rows) if self.batched[i] => rows.len(),
            _ => self.input_metas[i].shape.first().copied().unwrap_or(1),
        }
    }

    /// Shape of input `i` in this call.
    pub(crate) fn input_shape(&self, i: usize) -> Vec<usize> {
        let mut shape = self.input_metas[i].shape.to_vec();
        if let (Some(rows), true, Some(first)) = (&self.rows, self.batched[i], shape.first_mut()) {
            *first = rows.len();
        }
        shape
    }

    /// Shape of output `i` in this call (of an op that is cut by rows).
    pub(crate) fn output_shape(&self, i: usize) -> Vec<usize> {
        let mut shape = self.output_metas[i].shape.to_vec();
        if let (Some(rows), false, Some(first)) = (&self.rows, self.accumulate, shape.first_mut()) {
            *first = rows.len();
        }
        shape
    }
}

/// No gradient for any of `n` inputs.
#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what gradient rules end with"
)]
pub(crate) fn no_gradient(n: usize) -> Result<Vec<Option<Value>>> {
    Ok(vec![None; n])
}

/// Elementwise ops are cut by rows if every batched operand has the batch where the output has it.
fn elementwise_split(inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
    let out = &outputs[0].shape;
    let aligned = inputs.iter().all(|o| {
        !o.batched || (o.meta.shape.rank() == out.rank() && o.meta.shape.first() == out.first())
    });
    // An operand that is not batched must not vary along the batch.
    let constant = inputs
        .iter()
        .all(|o| o.batched || o.meta.shape.rank() < out.rank() || o.meta.shape.first() == Some(&1));
    if aligned && constant {
        Split::Rows
    } else {
        Split::Whole
    }
}

/// Copies input 0 to output 0 with the input's strides given (in elements, for the output's axes).
fn strided_copy(call: &mut Call<'_, '_>, shape: &[usize], offset: usize, strides: &[isize]) {
    let mut out = call.take_out(0);
    let parallel = call.parallel;
    match (call.inputs[0], &mut out) {
        (View::F32(x), ViewMut::F32(y)) => strided(parallel, shape, x, offset, strides, y),
        (View::I32(x), ViewMut::I32(y)) => strided(parallel, shape, x, offset, strides, y),
        (View::U8(x), ViewMut::U8(y)) => strided(parallel, shape, x, offset, strides, y),
        (x, y) => panic!("copy between {x:?} and {y:?}"),
    }
}

/// Several threads take entries of the first axis.
fn strided<T: Copy + Send + Sync>(
    parallel: bool,
    shape: &[usize],
    x: &[T],
    offset: usize,
    strides: &[isize],
    y: &mut [T],
) {
    /// Multiply-adds that take as long as one element that is fetched from far away.
    const FAR: usize = 32;
    let row: usize = shape.iter().skip(1).product();
    let rows = parallel::rows(parallel, shape.first().copied().unwrap_or(1), row * FAR);
    let dense: Vec<isize> = Shape::from(shape)
        .strides()
        .iter()
        .map(|&s| s as isize)
        .collect();
    parallel::chunks(parallel, y, (rows * row).max(1), |i, y| {
        let mut shape = shape.to_vec();
        let step = strides.first().copied().unwrap_or(0);
        if let Some(first) = shape.first_mut() {
            *first = y.len() / row;
        }
        let start = offset.saturating_add_signed((i * rows) as isize * step);
        copy::strided(&shape, x, start, strides, y, 0, &dense);
    });
}
