//! Pooling of images: the largest or the mean value of each window, and the way back.

mod windows;

use windows::{Op, Operands, windows};

/// The geometry of a pooling; images are `[images][h][w][channels]`.
///
/// Windows are clipped to the image: padding shifts them and never counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool2d {
    /// Rows of the input.
    pub in_h: usize,
    /// Columns of the input.
    pub in_w: usize,
    /// Channels of input and output.
    pub channels: usize,
    /// Rows of the output.
    pub out_h: usize,
    /// Columns of the output.
    pub out_w: usize,
    /// Rows and columns of the window.
    pub size: [usize; 2],
    /// Steps of the window, down and right.
    pub stride: [usize; 2],
    /// Rows above and columns to the left of the image that the first window covers.
    pub pad: [usize; 2],
}

impl Pool2d {
    fn check(&self, function: &str, images: usize, x: usize, y: usize, arg: Option<usize>) {
        assert_eq!(
            x,
            images * self.in_h * self.in_w * self.channels,
            "{function}: elements of {images} inputs of {self:?}"
        );
        let out = images * self.out_h * self.out_w * self.channels;
        assert_eq!(
            y, out,
            "{function}: elements of {images} outputs of {self:?}"
        );
        for axis in 0..2 {
            let (input, output) = ([self.in_h, self.in_w][axis], [self.out_h, self.out_w][axis]);
            assert!(
                self.stride[axis] > 0
                    && self.size[axis] > self.pad[axis]
                    && (output == 0 || (output - 1) * self.stride[axis] < input + self.pad[axis]),
                "{function}: every window holds a pixel, received {self:?}"
            );
        }
        if let Some(arg) = arg {
            assert_eq!(
                arg, out,
                "{function}: one index for each output of {self:?}"
            );
            assert!(
                self.size[0] * self.size[1] <= 256,
                "{function}: windows of at most 256 pixels, received {self:?}"
            );
        }
    }

    /// The first input row (or column), one past the last, and the window row of the first, for output `o`.
    fn window(&self, axis: usize, o: usize) -> (usize, usize, usize) {
        let start = o * self.stride[axis];
        let end = (start + self.size[axis] - self.pad[axis]).min([self.in_h, self.in_w][axis]);
        let skipped = self.pad[axis].saturating_sub(start);
        (start + skipped - self.pad[axis], end, skipped)
    }

    /// Whether some pixel is in no window or in several, so that a backward pass starts from zeros.
    fn needs_zeros(&self) -> bool {
        let once = |axis: usize, input: usize, output: usize| {
            self.size[axis] == self.stride[axis]
                && self.pad[axis] < self.size[axis]
                && output * self.stride[axis] >= input + self.pad[axis]
        };
        !(once(0, self.in_h, self.out_h) && once(1, self.in_w, self.out_w))
    }
}

/// The largest value of each window, and optionally where it was.
///
/// `arg` receives `ky · size_w + kx` of the first maximum. NaN wins over every number.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][channels]`; `y` and `arg` `[images][out_h][out_w][channels]`.
pub fn max_forward(g: &Pool2d, images: usize, x: &[f32], y: &mut [f32], arg: Option<&mut [u8]>) {
    g.check(
        "pool2d::max_forward",
        images,
        x.len(),
        y.len(),
        arg.as_ref().map(|a| a.len()),
    );
    let op = if arg.is_some() {
        Op::MaxAndArg
    } else {
        Op::Max
    };
    let arg = arg.map_or(std::ptr::null_mut(), |arg| arg.as_mut_ptr());
    // SAFETY: lengths were checked; forward operations only read `x`.
    unsafe {
        windows(
            op,
            g,
            images,
            Operands {
                x: x.as_ptr().cast_mut(),
                y: y.as_mut_ptr(),
                arg,
            },
        );
    };
}

/// Sends each output's gradient to the input that won; overlapping windows add. `dx` is overwritten.
///
/// # Shapes
///
/// `dy` and `arg` `[images][out_h][out_w][channels]`; `dx` `[images][in_h][in_w][channels]`.
pub fn max_backward(g: &Pool2d, images: usize, dy: &[f32], arg: &[u8], dx: &mut [f32]) {
    g.check(
        "pool2d::max_backward",
        images,
        dx.len(),
        dy.len(),
        Some(arg.len()),
    );
    if g.needs_zeros() {
        dx.fill(0.0);
    }
    let (y, arg) = (dy.as_ptr().cast_mut(), arg.as_ptr().cast_mut());
    // SAFETY: lengths were checked; backward operations only read `y` and `arg`.
    unsafe {
        windows(
            Op::MaxBackward,
            g,
            images,
            Operands {
                x: dx.as_mut_ptr(),
                y,
                arg,
            },
        );
    };
}

/// Picks from `x` the element that each index names: the gradient of [`max_backward`]. An index outside the clipped
/// window gives 0.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][channels]`; `arg` and `y` `[images][out_h][out_w][channels]`.
pub fn max_gather(g: &Pool2d, images: usize, x: &[f32], arg: &[u8], y: &mut [f32]) {
    g.check(
        "pool2d::max_gather",
        images,
        x.len(),
        y.len(),
        Some(arg.len()),
    );
    let (x, arg) = (x.as_ptr().cast_mut(), arg.as_ptr().cast_mut());
    // SAFETY: lengths were checked; gathering only reads `x` and `arg`.
    unsafe {
        windows(
            Op::MaxGather,
            g,
            images,
            Operands {
                x,
                y: y.as_mut_ptr(),
                arg,
            },
        );
    };
}

/// The mean of each window, over the pixels that are inside the image.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][channels]`; `y` `[images][out_h][out_w][channels]`.
pub fn average_forward(g: &Pool2d, images: usize, x: &[f32], y: &mut [f32]) {
    g.check("pool2d::average_forward", images, x.len(), y.len(), None);
    let operands = Operands {
        x: x.as_ptr().cast_mut(),
        y: y.as_mut_ptr(),
        arg: std::ptr::null_mut(),
    };
    // SAFETY: lengths were checked; forward operations only read `x`.
    unsafe { windows(Op::Average, g, images, operands) };
}

/// Spreads each output's gradient evenly over its window. `dx` is overwritten.
///
/// # Shapes
///
/// `dy` `[images][out_h][out_w][channels]`; `dx` `[images][in_h][in_w][channels]`.
pub fn average_backward(g: &Pool2d, images: usize, dy: &[f32], dx: &mut [f32]) {
    g.check("pool2d::average_backward", images, dx.len(), dy.len(), None);
    if g.needs_zeros() {
        dx.fill(0.0);
    }
    let operands = Operands {
        x: dx.as_mut_ptr(),
        y: dy.as_ptr().cast_mut(),
        arg: std::ptr::null_mut(),
    };
    // SAFETY: lengths were checked; backward operations only read `y`.
    unsafe { windows(Op::AverageBackward, g, images, operands) };
}
