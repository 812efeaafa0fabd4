//! Words for sums of products: matrices, recurrent cells, images.

use cornu_kernels::recurrent::Cell;

use crate::error::Result;
use crate::graph::ops::{
    AveragePool, ChannelSum, Conv2D, Conv2DWeightGrad, Convolution, FlipKernel, MatMul, MatMulTn,
    MaxPool, MaxPoolGrad, Op, Recurrence, Unary, UnaryKind, Window, conv2d,
};
use crate::graph::{Graph, Value};

impl Graph {
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
        let op = conv2d::input_grad_of(&c, &xs, &ws, &ys);
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
        if let Op::Unary(Unary {
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
        self.push(AveragePool { window }.into(), vec![x])
    }

    /// For each channel (of the last axis) the sum of those at most `radius` away.
    pub fn channel_sum(&mut self, x: Value, radius: usize) -> Result<Value> {
        self.push(ChannelSum { radius }.into(), vec![x])
    }
}
