//! Operations that have arguments, or take several operands.

use serde::Deserialize;

use super::Arguments;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::layers::Axes;
use crate::shape::{DType, Shape};

/// An operation with arguments, or of several operands.
pub(super) struct Operation {
    pub(super) name: &'static str,
    /// Fewest and most operands.
    pub(super) of: (usize, usize),
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
    pub(super) write: fn(&mut Graph, &[Value], &Arguments) -> Result<Value>,
}

const fn operation(
    name: &'static str,
    of: (usize, usize),
    required: &'static [&'static str],
    optional: &'static [&'static str],
    write: fn(&mut Graph, &[Value], &Arguments) -> Result<Value>,
) -> Operation {
    Operation {
        name,
        of,
        required,
        optional,
        write,
    }
}

pub(super) const OTHERS: &[Operation] = &[
    operation("sum", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::sum)
    }),
    operation("mean", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::mean)
    }),
    operation("max", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::max)
    }),
    operation("min", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::min)
    }),
    operation("prod", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::prod)
    }),
    operation("var", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::var)
    }),
    operation("std", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::std)
    }),
    operation("ptp", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::ptp)
    }),
    operation("all", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::all)
    }),
    operation("any", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::any)
    }),
    operation("norm", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::norm)
    }),
    operation("logsumexp", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, x[0], a, Graph::logsumexp)
    }),
    operation("count_nonzero", (1, 1), &["axis"], &[], |g, x, a| {
        reduce(g, x[0], a, |g, x, axes, _| g.count_nonzero(x, axes))
    }),
    operation("average", (2, 2), &["axis"], &[], |g, x, a| {
        let axes = read::<Axes>(a, "axis")?.resolve(g.shape(x[0]).rank())?;
        g.average(x[0], x[1], &axes)
    }),
    operation("median", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        let keep = or(a, "keepdims", false)?;
        in_rows(g, x[0], a, keep, |g, x| g.median(x, keep))
    }),
    operation(
        "quantile",
        (1, 1),
        &["q", "axis"],
        &["keepdims"],
        |g, x, a| {
            let (q, keep) = (read(a, "q")?, or(a, "keepdims", false)?);
            in_rows(g, x[0], a, keep, |g, x| g.quantile(x, q, keep))
        },
    ),
    operation("argmax", (1, 1), &["axis"], &[], |g, x, a| {
        in_rows(g, x[0], a, false, |g, x| {
            let index = g.arg_max(x)?;
            g.cast(index, DType::F32)
        })
    }),
    operation("argmin", (1, 1), &["axis"], &[], |g, x, a| {
        in_rows(g, x[0], a, false, |g, x| {
            let index = g.arg_min(x)?;
            g.cast(index, DType::F32)
        })
    }),
    operation("sort", (1, 1), &[], &["axis"], |g, x, a| {
        in_rows(g, x[0], a, true, |g, x| g.sort(x, false))
    }),
    operation("argsort", (1, 1), &[], &["axis"], |g, x, a| {
        in_rows(g, x[0], a, true, |g, x| {
            let index = g.arg_sort(x, false)?;
            g.cast(index, DType::F32)
        })
    }),
    operation("cumsum", (1, 1), &["axis"], &[], |g, x, a| {
        let axis = axis(&read(a, "axis")?, g.shape(x[0]).rank())?;
        g.cumsum(x[0], axis)
    }),
    operation("cumprod", (1, 1), &["axis"], &[], |g, x, a| {
        let axis = axis(&read(a, "axis")?, g.shape(x[0]).rank())?;
        g.cumprod(x[0], axis)
    }),
    operation("normalize", (1, 1), &[], &["axis"], |g, x, a| {
        let axes = or(a, "axis", Axes::from(-1))?.resolve(g.shape(x[0]).rank())?;
        g.normalize(x[0], &axes)
    }),
    operation("where", (3, 3), &[], &[], |g, x, _| {
        g.select(x[0], x[1], x[2])
    }),
    operation("clip", (1, 1), &["x_min", "x_max"], &[], |g, x, a| {
        g.clip(x[0], read(a, "x_min")?, read(a, "x_max")?)
    }),
    operation("reshape", (1, 1), &["newshape"], &[], |g, x, a| {
        reshape(g, x[0], &read::<Vec<i64>>(a, "newshape")?)
    }),
    operation("transpose", (1, 1), &["axes"], &[], |g, x, a| {
        let axes: Vec<i64> = read(a, "axes")?;
        let rank = g.shape(x[0]).rank();
        let mut counted = Vec::with_capacity(axes.len());
        for &axis in &axes {
            let axis = if axis < 0 { axis + rank as i64 } else { axis };
            counted.push(usize::try_from(axis).unwrap_or(usize::MAX));
        }
        let mut sorted = counted.clone();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..rank) || counted.first() != Some(&0) {
            return Err(Error::shape(format!(
                "axes must be 0 and then 1 to {} in any order, received {axes:?}",
                rank.saturating_sub(1)
            ))
            .help("axis 0 is the batch, which stays in front"));
        }
        g.transpose(x[0], &counted)
    }),
    operation("expand_dims", (1, 1), &["axis"], &[], |g, x, a| {
        let mut shape = g.shape(x[0]).to_vec();
        let axis = axis(&read::<Axes>(a, "axis")?, shape.len() + 1)?;
        shape.insert(axis, 1);
        g.reshape(x[0], shape)
    }),
    operation("squeeze", (1, 1), &["axis"], &[], |g, x, a| {
        let mut shape = g.shape(x[0]).to_vec();
        let axis = axis(&read::<Axes>(a, "axis")?, shape.len())?;
        if shape[axis] != 1 {
            return Err(Error::shape(format!(
                "an axis of length 1 can be left out, axis {axis} of {} has {}",
                g.shape(x[0]).without_batch(),
                shape[axis]
            )));
        }
        shape.remove(axis);
        g.reshape(x[0], shape)
    }),
    operation(
        "slice",
        (1, 1),
        &["axis", "start", "stop"],
        &[],
        |g, x, a| {
            let shape = g.shape(x[0]).clone();
            let axis = axis(&read::<Axes>(a, "axis")?, shape.rank())?;
            let length = shape[axis] as i64;
            let place = |key: &str| -> Result<i64> {
                let given: i64 = read(a, key)?;
                let counted = if given < 0 { given + length } else { given };
                Ok(counted.clamp(0, length))
            };
            let (start, stop) = (place("start")?, place("stop")?);
            if stop <= start {
                return Err(Error::shape(format!(
                    "slice leaves nothing of an axis of length {length}, received {} to {}",
                    a["start"], a["stop"]
                )));
            }
            g.slice(x[0], axis, start as usize, (stop - start) as usize)
        },
    ),
    operation("concatenate", (1, 64), &["axis"], &[], |g, x, a| {
        let axis = axis(&read::<Axes>(a, "axis")?, g.shape(x[0]).rank())?;
        g.concat(x, axis)
    }),
    operation("matmul", (2, 2), &[], &[], |g, x, _| {
        g.batch_matmul(x[0], x[1], (false, false))
    }),
    operation("stack", (1, 64), &["axis"], &[], |g, x, a| {
        let axis = axis(&read(a, "axis")?, g.shape(x[0]).rank() + 1)?;
        g.stack(x, axis)
    }),
    operation("tile", (1, 1), &["repeats"], &[], |g, x, a| {
        let repeats: Vec<usize> = read(a, "repeats")?;
        if repeats.first().is_some_and(|&n| n != 1) {
            return Err(Error::shape(format!(
                "repeats must be 1 for the batch, which is axis 0, received {repeats:?}"
            )));
        }
        g.tile(x[0], &repeats)
    }),
    operation("repeat", (1, 1), &["repeats", "axis"], &[], |g, x, a| {
        let axis = axis(&read(a, "axis")?, g.shape(x[0]).rank())?;
        g.repeat(x[0], read(a, "repeats")?, axis)
    }),
    operation("roll", (1, 1), &["shift", "axis"], &[], |g, x, a| {
        let axis = axis(&read(a, "axis")?, g.shape(x[0]).rank())?;
        g.roll(x[0], read(a, "shift")?, axis)
    }),
    operation("flip", (1, 1), &["axis"], &[], |g, x, a| {
        let axes = read::<Axes>(a, "axis")?.resolve(g.shape(x[0]).rank())?;
        axes.into_iter()
            .try_fold(x[0], |x, axis| g.reverse(x, axis))
    }),
    operation("diff", (1, 1), &[], &["axis"], |g, x, a| {
        let axis = axis(&or(a, "axis", Axes::from(-1))?, g.shape(x[0]).rank())?;
        g.diff(x[0], axis)
    }),
    operation("swapaxes", (1, 1), &["axis1", "axis2"], &[], |g, x, a| {
        let (first, second) = two_axes(g, x[0], a, ["axis1", "axis2"])?;
        g.swapaxes(x[0], first, second)
    }),
    operation(
        "moveaxis",
        (1, 1),
        &["source", "destination"],
        &[],
        |g, x, a| {
            let (from, to) = two_axes(g, x[0], a, ["source", "destination"])?;
            g.moveaxis(x[0], from, to)
        },
    ),
    operation("pad", (1, 1), &["pad_width"], &[], |g, x, a| {
        let margins: Vec<[usize; 2]> = read(a, "pad_width")?;
        if margins.len() != g.shape(x[0]).rank() || margins.first() != Some(&[0, 0]) {
            return Err(Error::shape(format!(
                "pad_width must be [before, after] for each axis, [0, 0] for the batch, received {margins:?}"
            )));
        }
        let all = margins.into_iter().enumerate();
        all.filter(|(_, m)| *m != [0, 0])
            .try_fold(x[0], |x, (axis, [before, after])| {
                g.pad(x, axis, before, after)
            })
    }),
    operation("tril", (1, 1), &[], &["k"], |g, x, a| {
        matrices(g, x[0])?;
        g.tril(x[0], or(a, "k", 0)?)
    }),
    operation("triu", (1, 1), &[], &["k"], |g, x, a| {
        matrices(g, x[0])?;
        g.triu(x[0], or(a, "k", 0)?)
    }),
    operation(
        "diagonal",
        (1, 1),
        &["axis1", "axis2"],
        &["offset"],
        |g, x, a| {
            let x = last_two(g, x[0], a)?;
            g.diagonal(x, or(a, "offset", 0)?)
        },
    ),
    operation(
        "trace",
        (1, 1),
        &["axis1", "axis2"],
        &["offset"],
        |g, x, a| {
            let x = last_two(g, x[0], a)?;
            g.trace(x, or(a, "offset", 0)?)
        },
    ),
    operation("full_like", (1, 1), &["fill_value"], &[], |g, x, a| {
        g.full_like(x[0], read(a, "fill_value")?)
    }),
    operation("one_hot", (1, 1), &["num_classes"], &[], |g, x, a| {
        let index = g.cast(x[0], DType::I32)?;
        g.one_hot(index, read(a, "num_classes")?)
    }),
    operation("isclose", (2, 2), &[], &["rtol", "atol"], |g, x, a| {
        g.isclose(x[0], x[1], or(a, "rtol", 1e-5)?, or(a, "atol", 1e-8)?)
    }),
    operation(
        "nan_to_num",
        (1, 1),
        &[],
        &["nan", "posinf", "neginf"],
        |g, x, a| {
            let (above, below) = (or(a, "posinf", f32::MAX)?, or(a, "neginf", f32::MIN)?);
            g.nan_to_num(x[0], or(a, "nan", 0.0)?, above, below)
        },
    ),
    operation("einsum", (1, 8), &["subscripts"], &[], |g, x, a| {
        let subscripts: String = read(a, "subscripts")?;
        let plain = subscripts.replace(' ', "");
        let parts: Vec<&str> = plain.split("->").flat_map(|s| s.split(',')).collect();
        let batch = parts[0].chars().next().filter(char::is_ascii_alphabetic);
        let keeps = batch.is_some_and(|b| parts.iter().all(|p| p.starts_with(b)));
        if !keeps || !plain.contains("->") {
            return Err(Error::config(format!(
                "the equation \"{subscripts}\" must begin each operand and the result with the letter of the batch"
            )));
        }
        g.einsum(&plain, x)
    }),
];

/// An argument of a type.
fn read<T: for<'de> Deserialize<'de>>(arguments: &Arguments, key: &str) -> Result<T> {
    let given = &arguments[key];
    T::deserialize(given).map_err(|_| Error::config(format!("{key} cannot be {given}")))
}

/// One axis besides the batch.
fn axis(axes: &Axes, rank: usize) -> Result<usize> {
    match axes.resolve(rank)?[..] {
        [axis] => Ok(axis),
        ref more => Err(Error::config(format!(
            "axis must be one axis, received {more:?}"
        ))),
    }
}

/// An argument of a type, or what stands for it where it is left out.
fn or<T: for<'de> Deserialize<'de>>(arguments: &Arguments, key: &str, default: T) -> Result<T> {
    match arguments.get(key) {
        None => Ok(default),
        Some(_) => read(arguments, key),
    }
}

fn reduce(
    g: &mut Graph,
    x: Value,
    a: &Arguments,
    word: fn(&mut Graph, Value, &[usize], bool) -> Result<Value>,
) -> Result<Value> {
    let axes = read::<Axes>(a, "axis")?.resolve(g.shape(x).rank())?;
    word(g, x, &axes, or(a, "keepdims", false)?)
}

/// A word of the last axis, of the one that the argument names.
fn in_rows(
    g: &mut Graph,
    x: Value,
    a: &Arguments,
    stays: bool,
    word: impl FnOnce(&mut Graph, Value) -> Result<Value>,
) -> Result<Value> {
    let rank = g.shape(x).rank();
    let axis = axis(&or(a, "axis", Axes::from(-1))?, rank)?;
    let x = g.moveaxis(x, axis, rank - 1)?;
    let y = word(g, x)?;
    if stays {
        return g.moveaxis(y, rank - 1, axis);
    }
    Ok(y)
}

fn two_axes(g: &Graph, x: Value, a: &Arguments, keys: [&str; 2]) -> Result<(usize, usize)> {
    let rank = g.shape(x).rank();
    let [first, second] = keys.map(|key| axis(&read(a, key)?, rank));
    Ok((first?, second?))
}

/// Refuses a matrix of which one axis is the batch.
fn matrices(g: &Graph, x: Value) -> Result<()> {
    if g.shape(x).rank() > 2 {
        return Ok(());
    }
    Err(Error::shape(format!(
        "matrices have two axes besides the batch, received {}",
        g.shape(x).without_batch()
    )))
}

/// A value with the axes of the arguments behind all others.
fn last_two(g: &mut Graph, x: Value, a: &Arguments) -> Result<Value> {
    let (first, second) = two_axes(g, x, a, ["axis1", "axis2"])?;
    if first == second {
        return Err(Error::config(
            "axis1 and axis2 must be two axes, received one",
        ));
    }
    let mut order: Vec<usize> = (0..g.shape(x).rank()).collect();
    order.retain(|i| ![first, second].contains(i));
    order.extend([first, second]);
    g.transpose(x, &order)
}

fn reshape(g: &mut Graph, x: Value, wanted: &[i64]) -> Result<Value> {
    let shape = g.shape(x).clone();
    let (batch, elements) = (shape.first().copied().unwrap_or(1), shape.row());
    let mut known = wanted.iter().filter(|&&n| n != -1);
    let known = known.try_fold(1i64, |p, &n| if n < 1 { None } else { p.checked_mul(n) });
    let open = wanted.iter().filter(|&&n| n == -1).count();
    let left = known.filter(|&k| match open {
        0 => k == elements as i64,
        1 => elements as i64 % k == 0,
        _ => false,
    });
    let Some(known) = left else {
        return Err(Error::shape(format!(
            "{elements} elements a sample cannot become {wanted:?}"
        ))
        .help("the shape is one sample's; one axis may be -1"));
    };
    let mut axes = vec![batch];
    axes.extend(wanted.iter().map(|&n| match n {
        -1 => elements / known as usize,
        n => n as usize,
    }));
    g.reshape(x, Shape::from(axes))
}
