//! Convolution of volumes: for each tap along the depth, a convolution of planes, added up.
//!
//! A plane of the result is the sum over the kernel's planes of convolutions of images. Where neighbouring planes of the result meet
//! neighbouring planes of the volume, which is so for strides of 1, they are one call: weights are packed once for all of them.

use crate::conv2d::{self, Conv2d};

/// The geometry of a convolution of volumes `[depth][h][w][c]` with weights `[k_d][k_h][k_w][in_c / groups][out_c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv3d {
    /// Planes of the input.
    pub in_d: usize,
    /// Planes of the output.
    pub out_d: usize,
    /// Planes of the kernel.
    pub k_d: usize,
    /// Step of the window along the depth.
    pub stride: usize,
    /// Zeros in front; negative cuts planes off.
    pub pad: isize,
    /// Distance between input planes.
    pub lhs_dilation: usize,
    /// Distance between the kernel's planes.
    pub rhs_dilation: usize,
    /// How one plane of the kernel slides over one plane of the input.
    pub plane: Conv2d,
}

/// Planes of the output and of the input that belong together: first of each, and how many.
type Run = (usize, usize, usize);

impl Conv3d {
    /// Elements of one input volume.
    pub fn input_len(&self) -> usize {
        self.in_d * self.plane.input_len()
    }

    /// Elements of one output volume.
    pub fn output_len(&self) -> usize {
        self.out_d * self.plane.output_len()
    }

    /// Elements of the weights.
    pub fn weights_len(&self) -> usize {
        self.k_d * self.plane.weights_len()
    }

    fn check(&self, function: &str) {
        assert!(
            self.k_d > 0 && self.stride > 0 && self.lhs_dilation > 0 && self.rhs_dilation > 0,
            "{function}: kernel, strides and dilations are at least 1, received {self:?}"
        );
    }

    /// The input plane that output plane `o` meets at the kernel's plane `k`, if it is one.
    fn source(&self, o: usize, k: usize) -> Option<usize> {
        let at = (o * self.stride + k * self.rhs_dilation).checked_add_signed(-self.pad)?;
        (at.is_multiple_of(self.lhs_dilation) && at / self.lhs_dilation < self.in_d)
            .then_some(at / self.lhs_dilation)
    }

    /// The output planes among `first..end` that meet input planes at the kernel's plane `k`, in runs of neighbours.
    fn runs(&self, first: usize, end: usize, k: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for o in first..end {
            let Some(i) = self.source(o, k) else { continue };
            match runs.last_mut() {
                Some((from, to, n)) if o == *from + *n && i == *to + *n => *n += 1,
                _ => runs.push((o, i, 1)),
            }
        }
        runs
    }
}

/// Convolves one volume; `y` are planes of the result from `first` on.
///
/// # Shapes
///
/// `x` `[in_d][in_h][in_w][in_c]`, `w` `[k_d][k_h][k_w][in_c / groups][out_c]`, `y` `[planes][out_h][out_w][out_c]`.
pub fn forward(
    g: &Conv3d,
    x: &[f32],
    w: &[f32],
    first: usize,
    y: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    g.check("conv3d::forward");
    let (from, to, kernel) = (
        g.plane.input_len(),
        g.plane.output_len(),
        g.plane.weights_len(),
    );
    assert!(
        x.len() == g.input_len() && w.len() == g.weights_len(),
        "conv3d::forward: a volume of {} and weights of {} elements are no {g:?}",
        x.len(),
        w.len()
    );
    y.fill(0.0);
    if y.is_empty() {
        return;
    }
    let planes = y.len() / to;
    assert!(
        y.len() == planes * to && first + planes <= g.out_d,
        "conv3d::forward: {} elements from plane {first} on are no planes of {g:?}",
        y.len()
    );
    for k in 0..g.k_d {
        let w = &w[k * kernel..][..kernel];
        for (o, i, n) in g.runs(first, first + planes, k) {
            let y = &mut y[(o - first) * to..][..n * to];
            conv2d::add(&g.plane, n, &x[i * from..][..n * from], w, y, scratch);
        }
    }
}

/// Adds the gradient of some planes of the weights, from the kernel's plane `first` on, to `dw`, over `volumes` volumes in order.
///
/// # Shapes
///
/// `x` `[volumes][in_d][in_h][in_w][in_c]`, `dy` `[volumes][out_d][out_h][out_w][out_c]`, `dw`
/// `[planes][k_h][k_w][in_c / groups][out_c]`.
pub fn weight_grad(
    g: &Conv3d,
    volumes: usize,
    x: &[f32],
    dy: &[f32],
    first: usize,
    dw: &mut [f32],
    scratch: &mut Vec<f32>,
) {
    g.check("conv3d::weight_grad");
    let (from, to, kernel) = (
        g.plane.input_len(),
        g.plane.output_len(),
        g.plane.weights_len(),
    );
    assert!(
        x.len() == volumes * g.input_len() && dy.len() == volumes * g.output_len(),
        "conv3d::weight_grad: {} and {} elements are no {volumes} volumes of {g:?}",
        x.len(),
        dy.len()
    );
    if dw.is_empty() {
        return;
    }
    let planes = dw.len() / kernel;
    assert!(
        dw.len() == planes * kernel && first + planes <= g.k_d,
        "conv3d::weight_grad: {} elements from plane {first} on are no planes of {g:?}",
        dw.len()
    );
    for (k, dw) in dw.chunks_exact_mut(kernel).enumerate() {
        let runs = g.runs(0, g.out_d, first + k);
        for volume in 0..volumes {
            let (x, dy) = (
                &x[volume * g.input_len()..][..g.input_len()],
                &dy[volume * g.output_len()..][..g.output_len()],
            );
            for &(o, i, n) in &runs {
                let (x, dy) = (&x[i * from..][..n * from], &dy[o * to..][..n * to]);
                conv2d::weight_grad(&g.plane, n, x, dy, dw, scratch);
            }
        }
    }
}
