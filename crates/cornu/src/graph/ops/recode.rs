//! Numbers of categories, element by element: buckets, places in a vocabulary, hashes.

use std::fmt;
use std::sync::Arc;

use super::{Array, Call, GradientOf, Operand, Rule, Split, View, elementwise_split, no_gradient};
use crate::error::{Error, Result};
use crate::fingerprint::{self, Bins};
use crate::graph::{Graph, Meta, Value};
use crate::shape::DType;

/// How numbers become the number of a category.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Code {
    /// Of a float: how many of the boundaries, ascending and as bits, are at most it. NaN is beyond all.
    Buckets(Arc<[u32]>),
    /// Of a whole number: what stands beside it in a table, else what a rule for all others says.
    Table {
        /// (number, its category), ascending.
        entries: Arc<[(i32, i32)]>,
        /// The category of numbers that the table lacks.
        others: Others,
    },
    /// Of several whole numbers, in their order: the bin of them all.
    Crossed {
        /// How many bins there are.
        bins: u32,
    },
}

/// The categories of numbers that a table lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Others {
    /// One for all.
    One(i32),
    /// `first + number mod count`.
    Modulo {
        /// The first category.
        first: i32,
        /// How many there are.
        count: i32,
    },
    /// `first` plus the bin of the number.
    Hashed {
        /// The first category.
        first: i32,
        /// The bins.
        bins: Bins,
    },
}

impl Others {
    /// The category of a number.
    pub fn of(self, number: i32) -> i32 {
        match self {
            Self::One(category) => category,
            Self::Modulo { first, count } => first + number.rem_euclid(count),
            Self::Hashed { first, bins } => first + bins.of_number(number.into()) as i32,
        }
    }
}

/// With what TensorFlow begins to cross.
const CROSS_KEY: u64 = 0x00DE_CAFC_AFFE;

/// The bin of several fingerprints in their order: TensorFlow's `cross_hashed`.
pub fn crossed(bins: u32, fingerprints: impl IntoIterator<Item = u64>) -> i32 {
    let all = fingerprints.into_iter().fold(CROSS_KEY, fingerprint::join);
    (all % u64::from(bins.max(1))) as i32
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buckets(b) => write!(f, "{} buckets", b.len() + 1),
            Self::Table { entries, others } => {
                write!(f, "table of {}, others {others:?}", entries.len())
            }
            Self::Crossed { bins } => write!(f, "crossed in {bins} bins"),
        }
    }
}

/// `y = code(x..)`, element by element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Recode {
    /// The rule.
    pub code: Code,
}

fn bucket(boundaries: &[u32], x: f32) -> i32 {
    boundaries.partition_point(|&b| f32::from_bits(b) <= x || x.is_nan()) as i32
}

fn look_up(entries: &[(i32, i32)], others: Others, x: i32) -> i32 {
    match entries.binary_search_by_key(&x, |e| e.0) {
        Ok(i) => entries[i].1,
        Err(_) => others.of(x),
    }
}

impl Rule for Recode {
    fn infer(&self, inputs: &[&Meta]) -> Result<Vec<Meta>> {
        let wanted = match self.code {
            Code::Buckets(_) => DType::F32,
            _ => DType::I32,
        };
        let fits = |m: &&&Meta| m.dtype == wanted && m.shape == inputs[0].shape;
        if inputs.is_empty() || inputs.iter().find(|m| !fits(m)).is_some() {
            return Err(Error::shape(format!(
                "categories are found of {wanted} arrays of one shape, received {inputs:?}"
            )));
        }
        Ok(vec![Meta {
            shape: inputs[0].shape.clone(),
            dtype: DType::I32,
        }])
    }

    fn grad(&self, at: &mut GradientOf<'_>) -> Result<Vec<Option<Value>>> {
        no_gradient(at.inputs.len())
    }

    fn eval(&self, inputs: &[&Array], outputs: &[Meta]) -> Vec<Array> {
        let n = outputs[0].shape.elements();
        let of = |i: usize| match &self.code {
            Code::Buckets(b) => bucket(b, inputs[0].data[i] as f32),
            Code::Table { entries, others } => look_up(entries, *others, inputs[0].data[i] as i32),
            Code::Crossed { bins } => {
                crossed(*bins, inputs.iter().map(|x| x.data[i] as i64 as u64))
            }
        };
        let data = (0..n).map(|i| f64::from(of(i))).collect();
        vec![Array::new(outputs[0].shape.clone(), data)]
    }

    fn split(&self, inputs: &[Operand<'_>], outputs: &[Meta]) -> Split {
        elementwise_split(inputs, outputs)
    }

    fn run(&self, call: &mut Call<'_, '_>) {
        let inputs = call.inputs;
        match &self.code {
            Code::Buckets(b) => {
                let x = call.f32(0);
                for (y, &x) in call.out_i32(0).iter_mut().zip(x) {
                    *y = bucket(b, x);
                }
            }
            Code::Table { entries, others } => {
                let x = call.i32(0);
                for (y, &x) in call.out_i32(0).iter_mut().zip(x) {
                    *y = look_up(entries, *others, x);
                }
            }
            Code::Crossed { bins } => {
                let at = |x: &View<'_>, i: usize| match x {
                    View::I32(x) => i64::from(x[i]) as u64,
                    other => panic!("categories are crossed of int32: {other:?}"),
                };
                for (i, y) in call.out_i32(0).iter_mut().enumerate() {
                    *y = crossed(*bins, inputs.iter().map(|x| at(x, i)));
                }
            }
        }
    }
}

impl Graph {
    /// Numbers of categories.
    pub fn recode(&mut self, inputs: &[Value], code: Code) -> Result<Value> {
        self.push(Recode { code }.into(), inputs.to_vec())
    }

    /// How many of the boundaries, which ascend, are at most each number.
    pub fn buckets(&mut self, x: Value, boundaries: &[f32]) -> Result<Value> {
        let bits = boundaries.iter().map(|b| b.to_bits()).collect();
        self.recode(&[x], Code::Buckets(bits))
    }
}

#[cfg(test)]
pub(crate) fn cases() -> Vec<super::check::Case> {
    use super::check::{Fill::*, case};
    let table = |others| Code::Table {
        entries: vec![(-3, 5), (0, 2), (4, 3)].into(),
        others,
    };
    let bins = Bins {
        count: 7,
        key: Some([1, 2]),
    };
    vec![
        case("buckets", |s| {
            let x = s.batched(&[3], Mixed)?;
            s.g.buckets(x, &[-0.5, 0.0, 0.25])
        }),
        case("no boundaries", |s| {
            let x = s.batched(&[2], Mixed)?;
            s.g.buckets(x, &[])
        }),
        case("a table, one for all others", move |s| {
            let x = s.batched(&[4], Whole(-5, 6))?;
            s.g.recode(&[x], table(Others::One(1)))
        }),
        case("a table, others by their remainder", move |s| {
            let x = s.batched(&[4], Whole(-5, 6))?;
            let others = Others::Modulo { first: 1, count: 3 };
            s.g.recode(&[x], table(others))
        }),
        case("a table, others hashed", move |s| {
            let x = s.fixed(&[4], Whole(-5, 6))?;
            let others = Others::Hashed { first: 1, bins };
            s.g.recode(&[x], table(others))
        }),
        case("crossed", |s| {
            let (a, b) = (
                s.batched(&[1], Whole(-9, 9))?,
                s.batched(&[1], Whole(0, 4))?,
            );
            s.g.recode(&[a, b], Code::Crossed { bins: 10 })
        }),
    ]
}
