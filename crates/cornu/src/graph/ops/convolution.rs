//! How a kernel slides over an image: output sizes, the way back, and which pixel meets which weight.

use cornu_kernels::conv2d;

use crate::error::{Error, Result};

/// Steps, padding and images beyond this are mistakes, and would overflow.
const LIMIT: usize = i32::MAX as usize;

/// How a kernel slides over an image; as in StableHLO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// Pixels between neighbouring output places, (vertical, horizontal).
    pub strides: [usize; 2],
    /// Zeros before and after each axis; negative numbers crop.
    pub padding: [(isize, isize); 2],
    /// Distance of neighbouring input pixels after zeros are put between them.
    pub lhs_dilation: [usize; 2],
    /// Distance of neighbouring kernel taps.
    pub rhs_dilation: [usize; 2],
    /// Channels are cut into so many groups that do not see each other.
    pub groups: usize,
}

/// How a kernel slides along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slide {
    /// Pixels between neighbouring output places.
    pub stride: usize,
    /// Zeros before and after; negative numbers crop.
    pub padding: (isize, isize),
    /// Distance of neighbouring input pixels after zeros are put between them.
    pub lhs_dilation: usize,
    /// Distance of neighbouring kernel taps.
    pub rhs_dilation: usize,
}

impl Slide {
    /// One pixel after the other, with nothing around them.
    pub const PLAIN: Self = Self {
        stride: 1,
        padding: (0, 0),
        lhs_dilation: 1,
        rhs_dilation: 1,
    };

    /// Refuses steps of nothing and beyond all bounds.
    pub(super) fn check(&self) -> Result<()> {
        let steps = [self.stride, self.lhs_dilation, self.rhs_dilation];
        let (lo, hi) = self.padding;
        if steps.iter().any(|s| !(1..=LIMIT).contains(s))
            || [lo, hi].into_iter().any(|p| p.unsigned_abs() > LIMIT)
        {
            return Err(Error::config(format!(
                "strides and dilations must be at least 1, and all steps and padding below 2^31, received {self:?}"
            )));
        }
        Ok(())
    }

    /// Length of the output axis, if the kernel fits.
    pub(super) fn out(&self, input: usize, kernel: usize) -> Option<usize> {
        let (lo, hi) = self.padding;
        let reach = |n: usize, step: usize| Some(n.checked_sub(1)? as i128 * step as i128 + 1);
        let dilated = reach(input, self.lhs_dilation)?;
        let room = dilated + lo as i128 + hi as i128 - reach(kernel, self.rhs_dilation)?;
        let fits = room >= 0 && dilated <= LIMIT as i128;
        fits.then(|| room as usize / self.stride + 1)
    }

    /// How the flipped kernel slides over `dy` to give the gradient with respect to the input.
    pub(crate) fn input_grad(&self, input: usize, output: usize, kernel: usize) -> Self {
        let span = ((kernel - 1) * self.rhs_dilation) as isize;
        let dilated = ((output - 1) * self.stride + 1) as isize;
        let lo = span - self.padding.0;
        let reach = ((input - 1) * self.lhs_dilation) as isize;
        Self {
            stride: self.lhs_dilation,
            padding: (lo, reach + span + 1 - dilated - lo),
            lhs_dilation: self.stride,
            rhs_dilation: self.rhs_dilation,
        }
    }

    /// The input pixel that kernel tap `k` meets at output place `o`, if it is one.
    pub(super) fn tap(&self, o: usize, k: usize, input: usize) -> Option<usize> {
        let at = (o * self.stride + k * self.rhs_dilation) as isize - self.padding.0;
        let at = usize::try_from(at).ok()?;
        (at % self.lhs_dilation == 0 && at / self.lhs_dilation < input)
            .then(|| at / self.lhs_dilation)
    }
}

impl Convolution {
    /// The convolution that slides so, vertically and horizontally.
    pub fn of([y, x]: [Slide; 2], groups: usize) -> Self {
        Self {
            strides: [y.stride, x.stride],
            padding: [y.padding, x.padding],
            lhs_dilation: [y.lhs_dilation, x.lhs_dilation],
            rhs_dilation: [y.rhs_dilation, x.rhs_dilation],
            groups,
        }
    }

    /// How the kernel slides along axis `i` (0 vertical, 1 horizontal).
    fn slide(&self, i: usize) -> Slide {
        Slide {
            stride: self.strides[i],
            padding: self.padding[i],
            lhs_dilation: self.lhs_dilation[i],
            rhs_dilation: self.rhs_dilation[i],
        }
    }

    /// How the kernel slides, vertically and horizontally.
    pub(super) fn slides(&self) -> [Slide; 2] {
        [self.slide(0), self.slide(1)]
    }

    /// Refuses steps of nothing and beyond all bounds.
    pub(super) fn check(&self) -> Result<()> {
        (0..2).try_for_each(|i| self.slide(i).check())
    }

    /// Length of output axis `i` (0 vertical, 1 horizontal), if the kernel fits.
    pub(super) fn out(&self, i: usize, input: usize, kernel: usize) -> Option<usize> {
        self.slide(i).out(input, kernel)
    }

    /// The convolution of `dy` with the flipped kernel that is the gradient with respect to the input.
    pub(super) fn input_grad(&self, input: &[usize], output: &[usize], kernel: &[usize]) -> Self {
        let back = |i: usize| self.slide(i).input_grad(input[i], output[i], kernel[i]);
        Self::of([back(0), back(1)], self.groups)
    }

    /// The kernel crate's description of this convolution at given sizes.
    pub(super) fn geometry(
        &self,
        input: &[usize],
        kernel: &[usize],
        output: &[usize],
    ) -> conv2d::Conv2d {
        conv2d::Conv2d {
            in_h: input[1],
            in_w: input[2],
            in_c: input[3],
            out_h: output[1],
            out_w: output[2],
            out_c: output[3],
            k_h: kernel[0],
            k_w: kernel[1],
            stride: self.strides,
            pad: [self.padding[0].0, self.padding[1].0],
            lhs_dilation: self.lhs_dilation,
            rhs_dilation: self.rhs_dilation,
            groups: self.groups,
        }
    }

    /// Calls `f(x, w, y)` with the offsets of every product of an input pixel and a weight that goes into an output.
    pub(super) fn each_product(
        &self,
        x: &[usize],
        w: &[usize],
        y: &[usize],
        mut f: impl FnMut(usize, usize, usize),
    ) {
        let (in_per, out_per) = (w[2], y[3] / self.groups);
        for n in 0..y[0] {
            for (oy, ox) in (0..y[1]).flat_map(|a| (0..y[2]).map(move |b| (a, b))) {
                for (ky, kx) in (0..w[0]).flat_map(|a| (0..w[1]).map(move |b| (a, b))) {
                    let (Some(iy), Some(ix)) = (
                        self.slide(0).tap(oy, ky, x[1]),
                        self.slide(1).tap(ox, kx, x[2]),
                    ) else {
                        continue;
                    };
                    for co in 0..y[3] {
                        for ci in 0..in_per {
                            let channel = co / out_per * in_per + ci;
                            f(
                                ((n * x[1] + iy) * x[2] + ix) * x[3] + channel,
                                ((ky * w[1] + kx) * in_per + ci) * y[3] + co,
                                ((n * y[1] + oy) * y[2] + ox) * y[3] + co,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// Convolutions with everything odd: strides that do not divide, uneven and negative padding, dilations, groups.
#[cfg(test)]
pub(super) fn convolutions() -> Vec<(&'static str, [usize; 3], [usize; 3], Convolution)> {
    let plain = Convolution {
        strides: [1, 1],
        padding: [(0, 0); 2],
        lhs_dilation: [1, 1],
        rhs_dilation: [1, 1],
        groups: 1,
    };
    vec![
        ("plain", [5, 6, 3], [3, 2, 4], plain),
        ("one pixel", [4, 3, 2], [1, 1, 3], plain),
        ("as large as the image", [3, 4, 2], [3, 4, 5], plain),
        (
            "same",
            [5, 7, 2],
            [3, 3, 3],
            Convolution {
                padding: [(1, 1); 2],
                ..plain
            },
        ),
        (
            "strides that do not divide",
            [6, 8, 2],
            [3, 2, 3],
            Convolution {
                strides: [2, 3],
                ..plain
            },
        ),
        (
            "uneven padding, strided",
            [6, 5, 2],
            [3, 2, 3],
            Convolution {
                strides: [2, 2],
                padding: [(0, 2), (3, 1)],
                ..plain
            },
        ),
        (
            "cropped",
            [7, 6, 2],
            [2, 2, 3],
            Convolution {
                padding: [(-1, 1), (-2, -1)],
                ..plain
            },
        ),
        (
            "dilated taps",
            [7, 8, 2],
            [3, 2, 2],
            Convolution {
                rhs_dilation: [2, 3],
                padding: [(1, 0), (0, 2)],
                ..plain
            },
        ),
        (
            "dilated image",
            [3, 4, 2],
            [3, 2, 3],
            Convolution {
                lhs_dilation: [2, 3],
                padding: [(2, 1), (1, 1)],
                ..plain
            },
        ),
        (
            "groups",
            [4, 5, 6],
            [2, 3, 9],
            Convolution {
                groups: 3,
                padding: [(1, 0), (1, 1)],
                ..plain
            },
        ),
        (
            "depthwise",
            [5, 4, 4],
            [3, 3, 8],
            Convolution {
                groups: 4,
                strides: [2, 1],
                padding: [(1, 1), (1, 1)],
                ..plain
            },
        ),
        (
            "everything",
            [5, 6, 4],
            [2, 3, 6],
            Convolution {
                strides: [2, 3],
                padding: [(2, -1), (1, 3)],
                lhs_dilation: [3, 2],
                rhs_dilation: [2, 1],
                groups: 2,
            },
        ),
    ]
}
