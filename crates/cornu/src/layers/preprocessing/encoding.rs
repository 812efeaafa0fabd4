//! What categories become: their numbers, ones in their places, or how often each is there.

use serde::{Deserialize, Serialize};

use crate::choice::{Choice, Named};
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};
use crate::shape::{DType, Shape};
use crate::tensor::Tensor;

/// Keras's `output_mode` of layers that find categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// The numbers of the categories.
    Int,
    /// For each number a row with a 1 in its place.
    OneHot,
    /// For each sample a row with a 1 in the place of each number that it has.
    MultiHot,
    /// For each sample a row that says how often it has each number.
    Count,
    /// As the counts, each times the weight of its category, which is larger for rarer ones.
    TfIdf,
}

impl Named for OutputMode {
    const WHAT: &'static str = "output_mode";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "int" => Some(Self::Int),
            "one_hot" => Some(Self::OneHot),
            "multi_hot" | "binary" => Some(Self::MultiHot),
            "count" => Some(Self::Count),
            "tf_idf" | "tf-idf" => Some(Self::TfIdf),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Int => "int",
            Self::OneHot => "one_hot",
            Self::MultiHot => "multi_hot",
            Self::Count => "count",
            Self::TfIdf => "tf_idf",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["int", "one_hot", "multi_hot", "count", "tf_idf"]
    }
}

pub(super) fn int() -> Choice<OutputMode> {
    Choice::Known(OutputMode::Int)
}

pub(super) fn multi_hot() -> Choice<OutputMode> {
    Choice::Known(OutputMode::MultiHot)
}

/// The mode chosen, if it is among those that the layer has.
pub(super) fn chosen(
    class: &str,
    mode: &Choice<OutputMode>,
    allowed: &[OutputMode],
) -> Result<OutputMode> {
    let mode = *mode.get()?;
    if allowed.contains(&mode) {
        return Ok(mode);
    }
    let names: Vec<&str> = allowed.iter().map(|m| m.name()).collect();
    Err(Error::config(format!(
        "output_mode of {class} must be one of {}, received {}",
        names.join(", "),
        mode.name()
    )))
}

/// Refuses sparse outputs: arrays are dense here.
pub(super) fn dense(sparse: bool) -> Result<()> {
    if sparse {
        return Err(Error::config("sparse must be false, received true")
            .help("arrays are dense here; counts of large vocabularies are smaller with num_bins or max_tokens"));
    }
    Ok(())
}

/// The axis over which the numbers of a sample are joined, of an array of this rank: Keras's choice.
fn joined(rank: usize) -> usize {
    usize::from(rank > 1)
}

/// Refuses outputs that would hold absurdly many numbers.
pub(super) fn check_depth(what: &str, depth: usize) -> Result<()> {
    if depth == 0 || depth > i32::MAX as usize {
        return Err(Error::config(format!(
            "{what} must be from 1 to 2^31 - 1, received {depth}"
        )));
    }
    Ok(())
}

/// Encodes the numbers of categories, int32; numbers of 0 to `depth - 1` have places, others none. `weights` are those of counted
/// numbers, of their shape.
pub(super) fn encode(
    g: &mut Graph,
    index: Value,
    mode: OutputMode,
    depth: usize,
    weights: Option<Value>,
) -> Result<Value> {
    let shape = g.shape(index).clone();
    match mode {
        OutputMode::Int => Ok(index),
        OutputMode::OneHot => {
            let mut axes = shape.to_vec();
            if axes.len() > 1 && axes.last() == Some(&1) {
                axes.pop();
            }
            let index = g.reshape(index, axes)?;
            g.one_hot(index, depth)
        }
        OutputMode::MultiHot | OutputMode::Count | OutputMode::TfIdf => {
            let rank = shape.rank();
            if rank < 2 {
                // A number a sample: the sample is joined of one.
                let hot = g.one_hot(index, depth)?;
                return match weights {
                    Some(w) => {
                        let w = g.reshape(w, [shape.elements(), 1])?;
                        g.mul(hot, w)
                    }
                    None => Ok(hot),
                };
            }
            let mut hot = g.one_hot(index, depth)?;
            if let Some(w) = weights {
                let mut axes = shape.to_vec();
                axes.push(1);
                let w = g.reshape(w, axes)?;
                hot = g.mul(hot, w)?;
            }
            if mode == OutputMode::MultiHot {
                return g.max(hot, &[joined(rank)], false);
            }
            g.sum(hot, &[joined(rank)], false)
        }
    }
}

/// Rows of numbers of categories, each of a sample, as one array: `Int` pads with 0 to the longest or to `length`.
pub(super) fn rows(
    rows: &[Vec<i32>],
    mode: OutputMode,
    depth: usize,
    length: Option<usize>,
    idf: &[f32],
) -> Result<Tensor> {
    if mode == OutputMode::Int {
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let length = length.unwrap_or(longest);
        let shape = Shape::new([rows.len(), length])?;
        let mut data = vec![0; shape.elements()];
        for (to, row) in data.chunks_mut(length.max(1)).zip(rows) {
            let n = row.len().min(length);
            to[..n].copy_from_slice(&row[..n]);
        }
        return Tensor::new(shape, data);
    }
    let shape = Shape::new([rows.len(), depth])?;
    let mut data = vec![0.0f32; shape.elements()];
    for (to, row) in data.chunks_mut(depth.max(1)).zip(rows) {
        for &i in row {
            let Some(place) = usize::try_from(i).ok().and_then(|i| to.get_mut(i)) else {
                continue;
            };
            *place = match mode {
                OutputMode::Count | OutputMode::TfIdf => *place + 1.0,
                _ => 1.0,
            };
        }
        if mode == OutputMode::TfIdf {
            to.iter_mut().zip(idf).for_each(|(y, w)| *y *= w);
        }
    }
    Tensor::new(shape, data)
}

/// A value as int32.
pub(super) fn whole(g: &mut Graph, x: Value) -> Result<Value> {
    g.cast(x, DType::I32)
}

/// Numbers, or lists of them nested to one depth, as configs have them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "serde_json::Value", into = "serde_json::Value")]
pub struct Nested {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Nested {
    /// Numbers of a shape, which must have as many places.
    pub(super) fn of(shape: Vec<usize>, values: Vec<f64>) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape, values }
    }

    /// The lengths of the lists, outermost first; none for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers, row-major.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The numbers as floats.
    pub(super) fn floats(&self) -> Vec<f32> {
        self.values.iter().map(|&v| v as f32).collect()
    }
}

impl From<f64> for Nested {
    fn from(value: f64) -> Self {
        Self {
            shape: Vec::new(),
            values: vec![value],
        }
    }
}

impl From<Vec<f64>> for Nested {
    fn from(values: Vec<f64>) -> Self {
        Self {
            shape: vec![values.len()],
            values,
        }
    }
}

impl<const N: usize> From<[f64; N]> for Nested {
    fn from(values: [f64; N]) -> Self {
        Self::from(values.to_vec())
    }
}

impl From<Nested> for serde_json::Value {
    fn from(nested: Nested) -> Self {
        let mut parts: Vec<Self> = nested.values.iter().map(|&v| v.into()).collect();
        for &n in nested.shape.iter().skip(1).rev() {
            parts = parts.chunks(n.max(1)).map(|c| c.to_vec().into()).collect();
        }
        if nested.shape.is_empty() {
            return parts.remove(0);
        }
        parts.into()
    }
}

impl TryFrom<serde_json::Value> for Nested {
    type Error = String;

    fn try_from(json: serde_json::Value) -> std::result::Result<Self, String> {
        fn read(
            json: &serde_json::Value,
            depth: usize,
            shape: &mut Vec<usize>,
            values: &mut Vec<f64>,
        ) -> bool {
            match json {
                serde_json::Value::Number(n) if depth == shape.len() => {
                    values.push(n.as_f64().unwrap_or(f64::NAN));
                    true
                }
                serde_json::Value::Array(list) if depth < 8 => {
                    if depth == shape.len() {
                        if !values.is_empty() {
                            return false;
                        }
                        shape.push(list.len());
                    }
                    shape[depth] == list.len()
                        && list.iter().all(|part| read(part, depth + 1, shape, values))
                }
                _ => false,
            }
        }
        let (mut shape, mut values) = (Vec::new(), Vec::new());
        if read(&json, 0, &mut shape, &mut values) {
            return Ok(Self { shape, values });
        }
        let kind = if json.is_string() { "string " } else { "" };
        Err(format!(
            "invalid value: {kind}{json}, expected a number or lists of numbers of one length"
        ))
    }
}
