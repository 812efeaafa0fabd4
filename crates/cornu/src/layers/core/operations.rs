//! The operations of expressions: their names, arguments, and what they write into a graph.

mod with_arguments;

use serde_json::{Map, Value as Json};

use with_arguments::OTHERS;

use crate::activations::Activation;
use crate::choice::Named;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

type Arguments = Map<String, Json>;
type Unary = fn(&mut Graph, Value) -> Result<Value>;
type Binary = fn(&mut Graph, Value, Value) -> Result<Value>;

const UNARY: &[(&str, Unary)] = &[
    ("negative", Graph::neg),
    ("abs", Graph::abs),
    ("square", Graph::square),
    ("sqrt", Graph::sqrt),
    ("rsqrt", Graph::rsqrt),
    ("sign", Graph::sign),
    ("reciprocal", Graph::reciprocal),
    ("exp", Graph::exp),
    ("expm1", Graph::expm1),
    ("exp2", Graph::exp2),
    ("log", Graph::log),
    ("log1p", Graph::log1p),
    ("log2", Graph::log2),
    ("log10", Graph::log10),
    ("sin", Graph::sin),
    ("cos", Graph::cos),
    ("tan", Graph::tan),
    ("arcsin", Graph::arcsin),
    ("arccos", Graph::arccos),
    ("arctan", Graph::arctan),
    ("sinh", Graph::sinh),
    ("cosh", Graph::cosh),
    ("arcsinh", Graph::arcsinh),
    ("arccosh", Graph::arccosh),
    ("arctanh", Graph::arctanh),
    ("sinc", Graph::sinc),
    ("cbrt", Graph::cbrt),
    ("erf", Graph::erf),
    ("erfc", Graph::erfc),
    ("floor", Graph::floor),
    ("ceil", Graph::ceil),
    ("round", Graph::round),
    ("trunc", Graph::trunc),
    ("deg2rad", Graph::deg2rad),
    ("rad2deg", Graph::rad2deg),
    ("isfinite", Graph::isfinite),
    ("isnan", Graph::isnan),
    ("isinf", Graph::isinf),
    ("isposinf", Graph::isposinf),
    ("isneginf", Graph::isneginf),
    ("logical_not", Graph::logical_not),
    ("stop_gradient", Graph::stop_gradient),
    ("ones_like", Graph::ones_like),
    ("zeros_like", Graph::zeros_like),
];

const BINARY: &[(&str, Binary)] = &[
    ("add", Graph::add),
    ("subtract", Graph::sub),
    ("multiply", Graph::mul),
    ("divide", Graph::div),
    ("divide_no_nan", Graph::divide_no_nan),
    ("floor_divide", Graph::floor_divide),
    ("mod", Graph::modulo),
    ("fmod", Graph::fmod),
    ("maximum", Graph::maximum),
    ("minimum", Graph::minimum),
    ("fmax", Graph::fmax),
    ("fmin", Graph::fmin),
    ("power", Graph::pow),
    ("hypot", Graph::hypot),
    ("arctan2", Graph::atan2),
    ("logaddexp", Graph::logaddexp),
    ("logaddexp2", Graph::logaddexp2),
    ("heaviside", Graph::heaviside),
    ("equal", Graph::equal),
    ("not_equal", Graph::not_equal),
    ("less", Graph::less),
    ("less_equal", Graph::less_equal),
    ("greater", Graph::greater),
    ("greater_equal", Graph::greater_equal),
    ("logical_and", Graph::logical_and),
    ("logical_or", Graph::logical_or),
    ("logical_xor", Graph::logical_xor),
    ("cross", Graph::cross),
    ("cdist", Graph::cdist),
];

/// The names of all operations, activations among them.
pub(super) fn names() -> Vec<&'static str> {
    let known = UNARY.iter().map(|e| e.0).chain(BINARY.iter().map(|e| e.0));
    let known = known.chain(OTHERS.iter().map(|o| o.name));
    let mut all: Vec<_> = known.chain(Activation::names()).collect();
    all.sort_unstable();
    all.dedup();
    all
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
            return Err(Error::unknown("operation", name, names()));
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
    if let Some((_, word)) = UNARY.iter().find(|(n, _)| *n == name) {
        return word(g, of[0]);
    }
    if let Some((_, word)) = BINARY.iter().find(|(n, _)| *n == name) {
        return word(g, of[0], of[1]);
    }
    if let Some(known) = OTHERS.iter().find(|o| o.name == name) {
        return (known.write)(g, of, arguments).map_err(|e| e.help(format!("in {name}")));
    }
    let activation = Activation::from_name(name);
    activation.expect("checked above").apply(g, of[0])
}
