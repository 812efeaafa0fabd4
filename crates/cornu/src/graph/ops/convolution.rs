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

impl Convolution {
    /// Refuses steps of nothing and beyond all bounds.
    pub(super) fn check(&self) -> Result<()> {
        let steps = [self.strides, self.lhs_dilation, self.rhs_dilation].concat();
        let padding = self.padding.iter().flat_map(|&(lo, hi)| [lo, hi]);
        if steps.iter().any(|s| !(1..=LIMIT).contains(s))
            || padding.into_iter().any(|p| p.unsigned_abs() > LIMIT)
        {
            return Err(Error::config(format!(
                "strides and dilations must be at least 1, and all steps and padding below 2^31, received {self:?}"
            )));
        }
        Ok(())
    }

    /// Length of output axis `i` (0 vertical, 1 horizontal), if the kernel fits.
    pub(super) fn out(&self, i: usize, input: usize, kernel: usize) -> Option<usize> {
        let (lo, hi) = self.padding[i];
        let reach = |n: usize, step: usize| Some(n.checked_sub(1)? as i128 * step as i128 + 1);
        let dilated = reach(input, self.lhs_dilation[i])?;
        let room = dilated + lo as i128 + hi as i128 - reach(kernel, self.rhs_dilation[i])?;
        let fits = room >= 0 && dilated <= LIMIT as i128;
        fits.then(|| room as usize / self.strides[i] + 1)
    }

    /// The convolution of `dy` with the flipped kernel that is the gradient with respect to the input.
    pub(super) fn input_grad(&self, input: &[usize], output: &[usize], kernel: &[usize]) -> Self {
        let mut padding = [(0, 0); 2];
        for i in 0..2 {
            let span = ((kernel[i] - 1) * self.rhs_dilation[i]) as isize;
            let dilated = ((output[i] - 1) * self.strides[i] + 1) as isize;
            let lo = span - self.padding[i].0;
            let reach = ((input[i] - 1) * self.lhs_dilation[i]) as isize;
            padding[i] = (lo, reach + span + 1 - dilated - lo);
        }
        Self {
            strides: self.lhs_dilation,
            padding,
            lhs_dilation: self.strides,
            rhs_dilation: self.rhs_dilation,
            groups: self.groups,
        }
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

    /// The input pixel that kernel tap `k` meets at output place `o`, if it is one.
    fn tap(&self, i: usize, o: usize, k: usize, input: usize) -> Option<usize> {
        let at = (o * self.strides[i] + k * self.rhs_dilation[i]) as isize - self.padding[i].0;
        let at = usize::try_from(at).ok()?;
        (at % self.lhs_dilation[i] == 0 && at / self.lhs_dilation[i] < input)
            .then(|| at / self.lhs_dilation[i])
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
                    let (Some(iy), Some(ix)) =
                        (self.tap(0, oy, ky, x[1]), self.tap(1, ox, kx, x[2]))
                    else {
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
