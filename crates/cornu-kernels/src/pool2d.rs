//! Pooling of images: the largest or the mean value of each window, and the way back.

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

    /// Calls `f` with the output pixel, the input pixel and the window position of every pair, in order.
    fn each(&self, images: usize, mut f: impl FnMut(usize, usize, usize)) {
        for image in 0..images {
            for oy in 0..self.out_h {
                let (y0, y1, ky) = self.window(0, oy);
                for ox in 0..self.out_w {
                    let (x0, x1, kx) = self.window(1, ox);
                    let out = (image * self.out_h + oy) * self.out_w + ox;
                    for y in y0..y1 {
                        for x in x0..x1 {
                            f(
                                out,
                                (image * self.in_h + y) * self.in_w + x,
                                (ky + y - y0) * self.size[1] + kx + x - x0,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The largest value of each window, and optionally where it was.
///
/// `arg` receives `ky · size_w + kx` of the first maximum. NaN wins over every number.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][channels]`; `y` and `arg` `[images][out_h][out_w][channels]`.
pub fn max_forward(
    g: &Pool2d,
    images: usize,
    x: &[f32],
    y: &mut [f32],
    mut arg: Option<&mut [u8]>,
) {
    g.check(
        "pool2d::max_forward",
        images,
        x.len(),
        y.len(),
        arg.as_ref().map(|a| a.len()),
    );
    let c = g.channels;
    let mut last = usize::MAX;
    g.each(images, |out, input, position| {
        let first = out != last;
        last = out;
        for ch in 0..c {
            let (v, best) = (x[input * c + ch], &mut y[out * c + ch]);
            if first || v > *best || (v.is_nan() && !best.is_nan()) {
                *best = v;
                if let Some(arg) = arg.as_deref_mut() {
                    arg[out * c + ch] = position as u8;
                }
            }
        }
    });
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
    let c = g.channels;
    dx.fill(0.0);
    g.each(images, |out, input, position| {
        for ch in 0..c {
            if usize::from(arg[out * c + ch]) == position {
                dx[input * c + ch] += dy[out * c + ch];
            }
        }
    });
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
    let c = g.channels;
    y.fill(0.0);
    g.each(images, |out, input, position| {
        for ch in 0..c {
            if usize::from(arg[out * c + ch]) == position {
                y[out * c + ch] = x[input * c + ch];
            }
        }
    });
}

/// The mean of each window, over the pixels that are inside the image.
///
/// # Shapes
///
/// `x` `[images][in_h][in_w][channels]`; `y` `[images][out_h][out_w][channels]`.
pub fn average_forward(g: &Pool2d, images: usize, x: &[f32], y: &mut [f32]) {
    g.check("pool2d::average_forward", images, x.len(), y.len(), None);
    let c = g.channels;
    y.fill(0.0);
    g.each(images, |out, input, _| {
        for ch in 0..c {
            y[out * c + ch] += x[input * c + ch];
        }
    });
    for (pixel, y) in y.chunks_exact_mut(c.max(1)).enumerate() {
        let scale = g.inverse_count(pixel);
        for y in y {
            *y *= scale;
        }
    }
}

/// Spreads each output's gradient evenly over its window. `dx` is overwritten.
///
/// # Shapes
///
/// `dy` `[images][out_h][out_w][channels]`; `dx` `[images][in_h][in_w][channels]`.
pub fn average_backward(g: &Pool2d, images: usize, dy: &[f32], dx: &mut [f32]) {
    g.check("pool2d::average_backward", images, dx.len(), dy.len(), None);
    let c = g.channels;
    dx.fill(0.0);
    g.each(images, |out, input, _| {
        let scale = g.inverse_count(out);
        for ch in 0..c {
            dx[input * c + ch] += dy[out * c + ch] * scale;
        }
    });
}

impl Pool2d {
    fn inverse_count(&self, pixel: usize) -> f32 {
        let (y0, y1, _) = self.window(0, pixel / self.out_w % self.out_h);
        let (x0, x1, _) = self.window(1, pixel % self.out_w);
        1.0 / ((y1 - y0) * (x1 - x0)) as f32
    }
}
