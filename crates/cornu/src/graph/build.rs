//! The words with which layers, losses and optimizers write a graph.

use super::ops::{
    ArgMax, Binary, Broadcast, Cast, Concat, Constant, Conv2D, Conv2DWeightGrad, Convolution,
    Distribution, FlipKernel, Input, LogSoftmax, MatMul, MatMulTn, MaxPool, MaxPoolGrad, OneHot,
    Pad, Random, Recurrence, Reduce, Reduction, Reshape, Reverse, Select, Slice, Softmax,
    StopGradient, TakeLast, Transpose, Unary, UnaryKind, Window, input, reduce,
};
use super::{Graph, Meta, Value};
use cornu_kernels::recurrent::Cell;

use crate::error::{Error, Result};
use crate::shape::{DType, Shape};

use super::ops::BinaryKind;

macro_rules! unary_words {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, x: Value) -> Result<Value> {
            self.unary(UnaryKind::$kind, x)
        })*
    };
}

macro_rules! binary_words {
    ($($(#[$doc:meta])* $name:ident => $kind:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(&mut self, a: Value, b: Value) -> Result<Value> {
            self.binary(BinaryKind::$kind, a, b)
        })*
    };
}

/// Each word adds nodes and returns their value; operands that do not fit are refused with both shapes.
impl Graph {
    /// A tensor handed over at each run; feeds are numbered in the order of their making.
    pub fn feed(&mut self, _name: &str, shape: impl Into<Shape>, batched: bool) -> Result<Value> {
        self.feed_of(Meta::f32(shape), batched)
    }

    /// A feed of any type.
    pub fn feed_of(&mut self, meta: Meta, batched: bool) -> Result<Value> {
        let source = input::Source::Feed(self.feeds);
        let op = Input {
            source,
            meta,
            batched,
        };
        let x = self.push(op.into(), vec![])?;
        self.feeds += 1;
        Ok(x)
    }

    /// The tensor with this number among those kept from run to run, in [`States`](crate::exec::executable::States).
    pub fn state(&mut self, number: usize, shape: impl Into<Shape>) -> Result<Value> {
        let op = Input {
            source: input::Source::State(number as u32),
            meta: Meta::f32(shape),
            batched: false,
        };
        self.push(op.into(), vec![])
    }

    /// A number.
    pub fn constant(&mut self, value: f32) -> Result<Value> {
        self.push(Constant::new(value).into(), vec![])
    }

    /// `f(x)` for each element.
    pub fn unary(&mut self, kind: UnaryKind, x: Value) -> Result<Value> {
        self.push(Unary { kind }.into(), vec![x])
    }

    /// `f(a, b)` for each pair of elements, with broadcasting.
    pub fn binary(&mut self, kind: BinaryKind, a: Value, b: Value) -> Result<Value> {
        self.push(Binary { kind }.into(), vec![a, b])
    }

    unary_words! {
        /// `-x`.
        neg => Neg,
        /// `|x|`.
        abs => Abs,
        /// `x²`.
        square => Square,
        /// `√x`.
        sqrt => Sqrt,
        /// `1 / √x`.
        rsqrt => Rsqrt,
        /// `eˣ`.
        exp => Exp,
        /// Natural logarithm.
        log => Log,
        /// `ln(1 + x)`.
        log1p => Log1p,
        /// Hyperbolic tangent.
        tanh => Tanh,
        /// `1 / (1 + e⁻ˣ)`.
        sigmoid => Sigmoid,
        /// `max(x, 0)`.
        relu => Relu,
    }

    binary_words! {
        /// `a + b`.
        add => Add,
        /// `a - b`.
        sub => Sub,
        /// `a · b`, element by element.
        mul => Mul,
        /// `a / b`.
        div => Div,
        /// The larger of `a` and `b`.
        maximum => Max,
        /// The smaller of `a` and `b`.
        minimum => Min,
        /// `aᵇ`.
        pow => Pow,
        /// The angle of the point `(b, a)`, from -π to π.
        atan2 => Atan2,
        /// 1 where `a = b`, else 0.
        equal => Eq,
        /// 1 where `a ≠ b`, else 0.
        not_equal => Ne,
    }

    /// `x + c`.
    pub fn add_scalar(&mut self, x: Value, c: f32) -> Result<Value> {
        let c = self.constant(c)?;
        self.add(x, c)
    }

    /// `c · x`.
    pub fn scale(&mut self, x: Value, c: f32) -> Result<Value> {
        let c = self.constant(c)?;
        self.mul(x, c)
    }

    /// `1 - x`.
    pub fn one_minus(&mut self, x: Value) -> Result<Value> {
        let one = self.constant(1.0)?;
        self.sub(one, x)
    }

    /// 1 where `x > c`, else 0.
    pub fn greater_scalar(&mut self, x: Value, c: f32) -> Result<Value> {
        let c = self.constant(c)?;
        self.binary(BinaryKind::Gt, x, c)
    }

    /// `x` held between `low` and `high`.
    pub fn clip(&mut self, x: Value, low: f32, high: f32) -> Result<Value> {
        let (low, high) = (self.constant(low)?, self.constant(high)?);
        let x = self.maximum(x, low)?;
        self.minimum(x, high)
    }

    /// `a` where the condition is not 0, else `b`.
    pub fn select(&mut self, condition: Value, a: Value, b: Value) -> Result<Value> {
        self.push(Select.into(), vec![condition, a, b])
    }

    /// `x` in another element type.
    pub fn cast(&mut self, x: Value, dtype: DType) -> Result<Value> {
        if self.dtype(x) == dtype {
            return Ok(x);
        }
        self.push(Cast { dtype }.into(), vec![x])
    }

    /// `x`, held constant by differentiation.
    pub fn stop_gradient(&mut self, x: Value) -> Result<Value> {
        self.push(StopGradient.into(), vec![x])
    }

    /// The same elements under another shape.
    pub fn reshape(&mut self, x: Value, shape: impl Into<Shape>) -> Result<Value> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.push(Reshape { shape }.into(), vec![x])
    }

    /// Output axis `i` is input axis `axes[i]`.
    pub fn transpose(&mut self, x: Value, axes: &[usize]) -> Result<Value> {
        if axes.iter().enumerate().all(|(i, &a)| i == a) && axes.len() == self.shape(x).rank() {
            return Ok(x);
        }
        let axes = axes.to_vec();
        self.push(Transpose { axes }.into(), vec![x])
    }

    /// `x` repeated to a larger shape.
    pub fn broadcast(&mut self, x: Value, shape: impl Into<Shape>) -> Result<Value> {
        let shape = shape.into();
        if *self.shape(x) == shape {
            return Ok(x);
        }
        self.push(Broadcast { shape }.into(), vec![x])
    }

    pub(crate) fn reduce(
        &mut self,
        kind: Reduction,
        x: Value,
        axes: &[usize],
        keepdims: bool,
    ) -> Result<Value> {
        let shape = self.shape(x).clone();
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        axes.dedup();
        if let Some(axis) = axes.iter().find(|&&a| a >= shape.rank()) {
            return Err(Error::shape(format!(
                "axis {axis} is out of range for {shape}"
            )));
        }
        let mut y = x;
        for (start, end) in reduce::runs(&axes) {
            y = self.push(Reduce { kind, start, end }.into(), vec![y])?;
        }
        if keepdims {
            y = self.reshape(y, reduce::keep_dims(&shape, &axes))?;
        }
        Ok(y)
    }

    /// The sum over the axes listed.
    pub fn sum(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        self.reduce(Reduction::Sum, x, axes, keepdims)
    }

    /// The mean over the axes listed.
    pub fn mean(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        let sum = self.sum(x, axes, keepdims)?;
        let n = self.shape(x).elements() / self.shape(sum).elements().max(1);
        self.scale(sum, 1.0 / n.max(1) as f32)
    }

    /// Vectors along the axes listed scaled to length 1; those shorter than 1e-7 by 1e7.
    pub(crate) fn normalize(&mut self, x: Value, axes: &[usize]) -> Result<Value> {
        let squares = self.square(x)?;
        let squared = self.sum(squares, axes, true)?;
        // Held from zero before the root, whose gradient there is infinite.
        let least = self.constant(1e-14)?;
        let squared = self.maximum(squared, least)?;
        let inverse = self.rsqrt(squared)?;
        self.mul(x, inverse)
    }

    /// For each channel (of the last axis) the sum of those at most `radius` away.
    pub fn channel_sum(&mut self, x: Value, radius: usize) -> Result<Value> {
        self.push(super::ops::ChannelSum { radius }.into(), vec![x])
    }

    /// Mean and variance of each channel (the last axis) over all other axes.
    pub fn moments(&mut self, x: Value) -> Result<(Value, Value)> {
        let mean = self.push(super::ops::Moments.into(), vec![x])?;
        Ok((mean, Value { output: 1, ..mean }))
    }

    /// The mean of all elements.
    pub fn mean_all(&mut self, x: Value) -> Result<Value> {
        let axes: Vec<usize> = (0..self.shape(x).rank()).collect();
        self.mean(x, &axes, false)
    }

    /// The sum of all elements.
    pub fn sum_all(&mut self, x: Value) -> Result<Value> {
        let axes: Vec<usize> = (0..self.shape(x).rank()).collect();
        self.sum(x, &axes, false)
    }

    /// The largest element over the axes listed.
    pub fn max(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        self.reduce(Reduction::Max, x, axes, keepdims)
    }

    /// The smallest element over the axes listed.
    pub fn min(&mut self, x: Value, axes: &[usize], keepdims: bool) -> Result<Value> {
        self.reduce(Reduction::Min, x, axes, keepdims)
    }

    /// Sums `x` over the axes along which an operand like `like` was repeated to make it.
    pub(crate) fn sum_to_shape_of(&mut self, x: Value, like: Value) -> Result<Value> {
        let (from, to) = (self.shape(x).clone(), self.shape(like).clone());
        if from == to {
            return Ok(x);
        }
        let skip = from.rank() - to.rank();
        let axes: Vec<usize> = (0..from.rank())
            .filter(|&i| i < skip || (to[i - skip] == 1 && from[i] != 1))
            .collect();
        let y = self.sum(x, &axes, false)?;
        self.reshape(y, to)
    }

    /// Arrays set side by side along one axis.
    pub fn concat(&mut self, xs: &[Value], axis: usize) -> Result<Value> {
        self.push(Concat { axis }.into(), xs.to_vec())
    }

    /// The entries `start..start + len` along one axis.
    pub fn slice(&mut self, x: Value, axis: usize, start: usize, len: usize) -> Result<Value> {
        self.push(Slice { axis, start, len }.into(), vec![x])
    }

    /// Zeros before and after the entries of one axis.
    pub fn pad(&mut self, x: Value, axis: usize, before: usize, after: usize) -> Result<Value> {
        self.push(
            Pad {
                axis,
                before,
                after,
            }
            .into(),
            vec![x],
        )
    }

    /// `[.., k] · [k, n]`.
    pub fn matmul(&mut self, x: Value, w: Value) -> Result<Value> {
        self.push(MatMul::default().into(), vec![x, w])
    }

    /// `[r.., m]ᵀ · [r.., n]`.
    pub fn matmul_tn(&mut self, a: Value, b: Value) -> Result<Value> {
        self.push(MatMulTn::default().into(), vec![a, b])
    }

    /// The states of a recurrent cell after each step, `[batch, steps, units]`, in the order of time.
    ///
    /// `p` are the projections of the inputs, `[batch, steps, gates·units]`, `u` the recurrent weights, `[units, gates·units]`;
    /// `bias` is that of [`Cell::GruResetAfter`] alone. Where the mask `[batch, steps]` is 0, a step changes nothing. Beside the
    /// states, an LSTM gives its inner state after the last step, `[batch, 1, units]`.
    pub fn recurrence(
        &mut self,
        cell: Cell,
        reverse: bool,
        p: Value,
        u: Value,
        bias: Option<Value>,
        mask: Option<Value>,
    ) -> Result<(Value, Option<Value>)> {
        let op = Recurrence {
            cell,
            reverse,
            masked: mask.is_some(),
        };
        let inputs = [Some(p), Some(u), bias, mask];
        let h = self.push(op.into(), inputs.into_iter().flatten().collect())?;
        if cell != Cell::Lstm {
            return Ok((h, None));
        }
        let last = if reverse {
            0
        } else {
            self.shape(h)[1].saturating_sub(1)
        };
        let c = self.slice(Value { output: 2, ..h }, 1, last, 1)?;
        Ok((h, Some(c)))
    }

    /// The entries of one axis from the last to the first.
    pub fn reverse(&mut self, x: Value, axis: usize) -> Result<Value> {
        let node = self.node(x);
        if node.op == (Reverse { axis }).into() {
            // Turned round twice.
            return Ok(node.inputs[0]);
        }
        self.push(Reverse { axis }.into(), vec![x])
    }

    /// Images NHWC convolved with a kernel HWIO.
    pub fn conv2d(&mut self, x: Value, w: Value, convolution: Convolution) -> Result<Value> {
        let op = Conv2D {
            convolution,
            bias: false,
            relu: false,
            bf16: false,
        };
        self.push(op.into(), vec![x, w])
    }

    /// The gradient of `conv2d(x, w)` with respect to `x`, which is linear in `w` and `dy`.
    pub(crate) fn conv2d_input_grad(
        &mut self,
        c: Convolution,
        x: Value,
        w: Value,
        dy: Value,
    ) -> Result<Value> {
        let (xs, ws, ys) = (
            self.shape(x).clone(),
            self.shape(w).clone(),
            self.shape(dy).clone(),
        );
        let flipped = self.flip_kernel(w, c.groups)?;
        let op = super::ops::conv2d::input_grad_of(&c, &xs, &ws, &ys);
        self.push(op.into(), vec![dy, flipped])
    }

    /// The gradient of `conv2d(x, w)` with respect to `w`.
    pub(crate) fn conv2d_weight_grad(
        &mut self,
        convolution: Convolution,
        x: Value,
        w: Value,
        dy: Value,
    ) -> Result<Value> {
        let kernel = [self.shape(w)[0], self.shape(w)[1]];
        let op = Conv2DWeightGrad {
            convolution,
            kernel,
            bf16: false,
        };
        self.push(op.into(), vec![x, dy])
    }

    /// A convolution's kernel mirrored, with its channels exchanged.
    pub(crate) fn flip_kernel(&mut self, w: Value, groups: usize) -> Result<Value> {
        self.push(FlipKernel { groups }.into(), vec![w])
    }

    /// The maximum of each window.
    ///
    /// The maximum of a ReLU is the ReLU of the maximum, and cheaper by the size of the window: the ReLU is moved behind the
    /// pooling, so that neither pass keeps the large image.
    pub fn max_pool(&mut self, x: Value, window: Window) -> Result<Value> {
        let node = self.node(x);
        if let super::Op::Unary(Unary {
            kind: UnaryKind::Relu,
        }) = node.op
        {
            let (before, path) = (node.inputs[0], node.path.clone());
            let pooled = self.push(MaxPool { window }.into(), vec![before])?;
            let outer = self.set_path(Some(path));
            let y = self.relu(pooled);
            self.set_path(outer);
            return y;
        }
        self.push(MaxPool { window }.into(), vec![x])
    }

    /// The maximum of each window, and its position in the window, in bytes.
    pub fn max_pool_with_positions(&mut self, x: Value, window: Window) -> Result<(Value, Value)> {
        let largest = self.push(MaxPool { window }.into(), vec![x])?;
        Ok((
            largest,
            Value {
                output: 1,
                ..largest
            },
        ))
    }

    pub(crate) fn max_pool_grad(
        &mut self,
        dy: Value,
        positions: Value,
        window: Window,
        image: [usize; 2],
    ) -> Result<Value> {
        self.push(MaxPoolGrad { window, image }.into(), vec![dy, positions])
    }

    /// The mean of each window.
    pub fn average_pool(&mut self, x: Value, window: Window) -> Result<Value> {
        self.push(super::ops::AveragePool { window }.into(), vec![x])
    }

    /// Probabilities from scores, along the last axis.
    pub fn softmax(&mut self, x: Value) -> Result<Value> {
        self.push(Softmax.into(), vec![x])
    }

    /// Logarithms of probabilities from scores, along the last axis.
    pub fn log_softmax(&mut self, x: Value) -> Result<Value> {
        self.push(LogSoftmax.into(), vec![x])
    }

    /// Rows of length `depth` with a 1 at the index given.
    pub fn one_hot(&mut self, index: Value, depth: usize) -> Result<Value> {
        self.push(OneHot { depth }.into(), vec![index])
    }

    /// One element of each row, picked by its index.
    pub fn take_last(&mut self, x: Value, index: Value) -> Result<Value> {
        self.push(TakeLast.into(), vec![x, index])
    }

    /// The index of the largest element of each row.
    pub fn arg_max(&mut self, x: Value) -> Result<Value> {
        self.push(ArgMax.into(), vec![x])
    }

    /// Random numbers from seed and step (int32 `[4]`); each call draws another stream.
    pub(crate) fn random(
        &mut self,
        rng: Value,
        distribution: Distribution,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        self.random_of(rng, None, distribution, shape, batched)
    }

    /// As [`Graph::random`], with a seed of its own in place of the one in `rng`: what is drawn from one seed does not depend on what
    /// else the graph draws.
    pub(crate) fn random_of(
        &mut self,
        rng: Value,
        seed: Option<u64>,
        distribution: Distribution,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        self.draw(&[rng], seed, distribution, shape, batched)
    }

    /// Logarithms of numbers of the gamma distribution whose shape is a value: one number.
    pub(crate) fn log_gamma(
        &mut self,
        rng: Value,
        seed: Option<u64>,
        alpha: Value,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        self.draw(&[rng, alpha], seed, Distribution::LogGamma, shape, batched)
    }

    fn draw(
        &mut self,
        operands: &[Value],
        seed: Option<u64>,
        distribution: Distribution,
        shape: Shape,
        batched: bool,
    ) -> Result<Value> {
        let stream = self.streams.entry(seed).or_default();
        let op = Random {
            distribution,
            shape,
            stream: *stream,
            seed,
            batched,
        };
        *stream += 1;
        self.push(op.into(), operands.to_vec())
    }
}
