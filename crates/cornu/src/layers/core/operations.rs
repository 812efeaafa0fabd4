//! The operations of expressions: their names, arguments, and what they write into a graph.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::activations::Activation;
use crate::choice::Named;
use crate::error::{Error, Result};
use crate::graph::ops::{BinaryKind, Reduction, UnaryKind};
use crate::graph::{Graph, Value};
use crate::layers::Axes;
use crate::shape::Shape;

type Arguments = Map<String, Json>;

const UNARY: &[(&str, UnaryKind)] = &[
    ("negative", UnaryKind::Neg),
    ("abs", UnaryKind::Abs),
    ("sign", UnaryKind::Sign),
    ("square", UnaryKind::Square),
    ("sqrt", UnaryKind::Sqrt),
    ("rsqrt", UnaryKind::Rsqrt),
    ("reciprocal", UnaryKind::Reciprocal),
    ("exp", UnaryKind::Exp),
    ("expm1", UnaryKind::Expm1),
    ("log", UnaryKind::Log),
    ("log1p", UnaryKind::Log1p),
    ("sin", UnaryKind::Sin),
    ("cos", UnaryKind::Cos),
    ("floor", UnaryKind::Floor),
    ("ceil", UnaryKind::Ceil),
    ("round", UnaryKind::Round),
];

const BINARY: &[(&str, BinaryKind)] = &[
    ("add", BinaryKind::Add),
    ("subtract", BinaryKind::Sub),
    ("multiply", BinaryKind::Mul),
    ("divide", BinaryKind::Div),
    ("maximum", BinaryKind::Max),
    ("minimum", BinaryKind::Min),
    ("power", BinaryKind::Pow),
    ("equal", BinaryKind::Eq),
    ("not_equal", BinaryKind::Ne),
    ("less", BinaryKind::Lt),
    ("less_equal", BinaryKind::Le),
    ("greater", BinaryKind::Gt),
    ("greater_equal", BinaryKind::Ge),
];

/// An operation with arguments, or of several operands.
struct Operation {
    name: &'static str,
    /// Fewest and most operands.
    of: (usize, usize),
    required: &'static [&'static str],
    optional: &'static [&'static str],
    write: fn(&mut Graph, &[Value], &Arguments) -> Result<Value>,
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

const OTHERS: &[Operation] = &[
    operation("sum", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, Some(Reduction::Sum), x[0], a)
    }),
    operation("mean", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, None, x[0], a)
    }),
    operation("max", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, Some(Reduction::Max), x[0], a)
    }),
    operation("min", (1, 1), &["axis"], &["keepdims"], |g, x, a| {
        reduce(g, Some(Reduction::Min), x[0], a)
    }),
    operation("where", (3, 3), &[], &[], |g, x, _| {
        g.select(x[0], x[1], x[2])
    }),
    operation("clip", (1, 1), &["x_min", "x_max"], &[], |g, x, a| {
        g.clip(x[0], read(a, "x_min")?, read(a, "x_max")?)
    }),
    operation("stop_gradient", (1, 1), &[], &[], |g, x, _| {
        g.stop_gradient(x[0])
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

fn reduce(g: &mut Graph, kind: Option<Reduction>, x: Value, a: &Arguments) -> Result<Value> {
    let axes = read::<Axes>(a, "axis")?.resolve(g.shape(x).rank())?;
    let keepdims = match a.get("keepdims") {
        None => false,
        Some(_) => read(a, "keepdims")?,
    };
    match kind {
        Some(kind) => g.reduce(kind, x, &axes, keepdims),
        None => g.mean(x, &axes, keepdims),
    }
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

/// Refuses unknown operations and arguments, and other numbers of operands than they take.
pub(super) fn check(name: &str, operands: usize, arguments: &Arguments) -> Result<()> {
    let of = |least: usize, most: usize| {
        if (least..=most).contains(&operands) {
            return Ok(());
        }
        Err(Error::config(format!(
            "{name} is of {least} operands{}, received {operands}",
            if most > least { " or more" } else { "" }
        )))
    };
    let (required, optional): (&[&str], &[&str]) =
        if let Some(known) = OTHERS.iter().find(|o| o.name == name) {
            of(known.of.0, known.of.1)?;
            (known.required, known.optional)
        } else if UNARY.iter().any(|(n, _)| *n == name) || Activation::from_name(name).is_some() {
            of(1, 1)?;
            (&[], &[])
        } else if BINARY.iter().any(|(n, _)| *n == name) {
            of(2, 2)?;
            (&[], &[])
        } else {
            let known = UNARY.iter().map(|e| e.0).chain(BINARY.iter().map(|e| e.0));
            let known = known.chain(OTHERS.iter().map(|o| o.name));
            return Err(Error::unknown(
                "operation",
                name,
                known.chain(Activation::names()),
            ));
        };
    if let Some(missing) = required.iter().find(|k| !arguments.contains_key(**k)) {
        return Err(Error::config(format!(
            "{name} needs the argument {missing}"
        )));
    }
    let known: Vec<&str> = required.iter().chain(optional).copied().collect();
    match arguments.keys().find(|k| !known.contains(&k.as_str())) {
        Some(key) => Err(Error::unknown(
            &format!("argument of {name}"),
            key,
            known.iter().copied(),
        )),
        None => Ok(()),
    }
}

/// Writes one operation.
pub(super) fn write(
    g: &mut Graph,
    name: &str,
    of: &[Value],
    arguments: &Arguments,
) -> Result<Value> {
    check(name, of.len(), arguments)?;
    if let Some((_, kind)) = UNARY.iter().find(|(n, _)| *n == name) {
        return g.unary(*kind, of[0]);
    }
    if let Some((_, kind)) = BINARY.iter().find(|(n, _)| *n == name) {
        return g.binary(*kind, of[0], of[1]);
    }
    if let Some(known) = OTHERS.iter().find(|o| o.name == name) {
        return (known.write)(g, of, arguments).map_err(|e| e.help(format!("in {name}")));
    }
    let activation = Activation::from_name(name);
    activation.expect("checked above").apply(g, of[0])
}
