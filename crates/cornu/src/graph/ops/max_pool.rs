//! The maximum of each window of an image, and where it was.

use cornu_kernels::pool2d;

use super::average_pool::{check_pool, height_and_width, images};
use super::{Array, Call, GradientOf, Rule, ViewMut, Window};
use crate::error::{Error, Result};
use crate::exec::parallel;
use crate::graph::{Meta, Value};
use crate::shape::DType;

/// Outputs: the maximum of each window, and its position in the window (the first, if several), row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MaxPool {
    /// The windows.
    pub window: Window,
}

impl Rule for MaxPool {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let shape = check_pool(&self.window, inputs[0])?;
        if self.window.size[0] * self.window.size[1] > 256 {
            return Err(Error::config(format!(
                "a max-pooling window holds at most 256 pixels, received {}×{}",
                self.window.size[0], self.window.size[1]
            ))
            .help("GlobalMaxPooling2D takes the maximum of a whole image"));
        }
        Ok(vec![
            Meta::f32(shape.clone()),
            Meta {
                shape,
                dtype: DType::U8,
            },
        ])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        let Some(dy) = at.dy0() else {
            return super::no_gradient(1);
        };
        let shape = at.graph.shape(at.inputs[0]).clone();
        let dx =
            at.graph
                .max_pool_grad(dy, at.outputs[1], self.window, height_and_width(&shape))?;
        Ok(vec![Some(dx)])
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let x = inputs[0];
        let mut arg = Array::from_fn(&outputs[0].shape, |_| 0.0);
        let y = Array::from_fn(&outputs[0].shape, |i| {
            let mut best: Option<(f64, usize)> = None;
            for (k, at) in self.window.pixels(i, &x.shape) {
                let v = x.at(&at);
                let wins = best.is_none_or(|(b, _)| v > b || (v.is_nan() && !b.is_nan()));
                if wins {
                    best = Some((v, k));
                }
            }
            let (v, k) = best.expect("every window meets the image");
            let o = arg.offset(i);
            arg.data[o] = k as f64;
            v
        });
        vec![y, arg]
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let g = self
            .window
            .geometry(&call.input_metas[0].shape, &call.output_metas[0].shape);
        let images = images(call.input_rows(0), &call.input_metas[0].shape);
        let (x, parallel) = (call.f32(0), call.parallel);
        let mut arg = call.take_out(1);
        let arg = match &mut arg {
            ViewMut::U8(a) => &mut **a,
            _ => &mut [],
        };
        let y = call.out_f32(0);
        // Several threads take some images each, or bands of rows where there is one image only.
        let line = g.out_w * g.channels;
        // Reading a pixel takes as long as sixteen multiply-adds.
        let work = 16 * line * g.size[0] * g.size[1];
        let (piece, lines) = if images > 1 {
            let row = g.out_h * line;
            (parallel::rows(parallel, images, g.out_h * work) * row, row)
        } else {
            (parallel::rows(parallel, g.out_h, work) * line, line)
        };
        if y.is_empty() {
            return;
        }
        let args = arg.chunks_mut(piece).map(Some);
        let args = args.chain(std::iter::repeat_with(|| None));
        let pieces = y.chunks_mut(piece).zip(args).collect();
        parallel::each(parallel, pieces, |i, (y, arg)| {
            let (first, count) = (i * piece / lines, y.len() / lines);
            if images > 1 {
                let image = g.in_h * g.in_w * g.channels;
                let x = &x[first * image..][..count * image];
                pool2d::max_forward(&g, count, x, y, arg);
            } else {
                let above = first * g.stride[0];
                let skipped = above.saturating_sub(g.pad[0]);
                let band = pool2d::Pool2d {
                    in_h: g.in_h - skipped,
                    out_h: count,
                    pad: [g.pad[0].saturating_sub(above), g.pad[1]],
                    ..g
                };
                let x = &x[skipped * g.in_w * g.channels..];
                pool2d::max_forward(&band, 1, x, y, arg);
            }
        });
    }

    fn flops(&self, _: &[&Meta], outputs: &[Meta]) -> u64 {
        let pixels = self.window.size[0] * self.window.size[1];
        (outputs[0].shape.elements() as u64).saturating_mul(pixels as u64)
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let mut cases = Vec::new();
    for (name, image, window) in super::average_pool::windows() {
        cases.push(case(name, move |s| {
            let x = s.batched(&image, Distinct)?;
            s.g.max_pool(x, window)
        }));
        cases.push(case(format!("{name}, of a relu"), move |s| {
            let x = s.batched(&image, Distinct)?;
            let x = s.g.relu(x)?;
            s.g.max_pool(x, window)
        }));
        cases.push(
            case(format!("{name}, with ties"), move |s| {
                let x = s.batched(&image, Ties)?;
                s.g.max_pool(x, window)
            })
            .not_smooth(),
        );
    }
    cases.push(case("several images a sample", |s| {
        let (_, _, window) = super::average_pool::windows()[3];
        let x = s.batched(&[3, 5, 6, 2], Distinct)?;
        s.g.max_pool(x, window)
    }));
    cases.push(case("without a batch", |s| {
        let (_, _, window) = super::average_pool::windows()[1];
        let x = s.fixed(&[3, 5, 7, 2], Distinct)?;
        s.g.max_pool(x, window)
    }));
    cases
}
