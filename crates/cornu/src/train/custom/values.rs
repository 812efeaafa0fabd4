//! What a model is called on in a step.

use crate::graph::Value;

/// One value or several, for a model to be called on.
#[derive(Clone, Debug)]
pub struct Values(pub(super) Vec<Value>);

impl From<Value> for Values {
    fn from(x: Value) -> Self {
        Self(vec![x])
    }
}

impl<const N: usize> From<[Value; N]> for Values {
    fn from(x: [Value; N]) -> Self {
        Self(x.to_vec())
    }
}

impl From<&[Value]> for Values {
    fn from(x: &[Value]) -> Self {
        Self(x.to_vec())
    }
}

impl From<Vec<Value>> for Values {
    fn from(x: Vec<Value>) -> Self {
        Self(x)
    }
}
