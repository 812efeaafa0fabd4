//! Settings that layers share: names, paddings, the order of axes.

use serde::{Deserialize, Serialize};

use crate::choice::Named;
use crate::error::{Error, Result};
use crate::graph::{Graph, Value};

/// What every layer has besides its own arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The name given, if any.
    pub name: Option<String>,
    /// Whether training changes the layer's weights.
    pub trainable: bool,
}

impl Default for Base {
    fn default() -> Self {
        Self {
            name: None,
            trainable: true,
        }
    }
}

/// What happens at an image's edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// Windows stay inside the image.
    Valid,
    /// So many zeros around the image that a stride of 1 keeps its size; the odd one comes last.
    Same,
    /// So many zeros before a sequence that no output sees what comes after it. For `Conv1D` alone.
    Causal,
}

impl Named for Padding {
    const WHAT: &'static str = "padding";
    fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "valid" => Some(Self::Valid),
            "same" => Some(Self::Same),
            "causal" => Some(Self::Causal),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::Valid => "valid",
            Self::Same => "same",
            Self::Causal => "causal",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["valid", "same", "causal"]
    }
}

impl Padding {
    /// (before, after) along one axis of the length given, for a window that spans `span` pixels.
    pub(super) fn amounts(self, input: usize, span: usize, stride: usize) -> (usize, usize) {
        match self {
            Self::Valid => (0, 0),
            Self::Same => {
                let out = input.div_ceil(stride.max(1));
                let total = (out.saturating_sub(1) * stride + span).saturating_sub(input);
                (total / 2, total - total / 2)
            }
            Self::Causal => (span.saturating_sub(1), 0),
        }
    }

    /// This padding, unless it is causal.
    pub(super) fn not_causal(self) -> Result<Self> {
        if self == Self::Causal {
            return Err(Error::config(
                "padding must be \"valid\" or \"same\", received \"causal\"",
            )
            .help("only Conv1D has causal padding"));
        }
        Ok(self)
    }
}

/// Where an image's channels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataFormat {
    /// `[batch, height, width, channels]`.
    #[default]
    ChannelsLast,
    /// `[batch, channels, height, width]`: transposed before and after, so the other order is faster.
    ChannelsFirst,
}

impl Named for DataFormat {
    const WHAT: &'static str = "data format";
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "channels_last" => Some(Self::ChannelsLast),
            "channels_first" => Some(Self::ChannelsFirst),
            _ => None,
        }
    }
    fn name(&self) -> &str {
        match self {
            Self::ChannelsLast => "channels_last",
            Self::ChannelsFirst => "channels_first",
        }
    }
    fn names() -> Vec<&'static str> {
        vec!["channels_last", "channels_first"]
    }
}

impl DataFormat {
    /// `[batch, .., channels]` of a value in this order.
    pub(super) fn to_last(self, g: &mut Graph, x: Value) -> Result<Value> {
        let rank = g.shape(x).rank();
        match self {
            Self::ChannelsFirst if rank > 2 => {
                let axes: Vec<usize> = [0].into_iter().chain(2..rank).chain([1]).collect();
                g.transpose(x, &axes)
            }
            _ => Ok(x),
        }
    }

    /// A value of this order from `[batch, .., channels]`.
    pub(super) fn to_own(self, g: &mut Graph, x: Value) -> Result<Value> {
        let rank = g.shape(x).rank();
        match self {
            Self::ChannelsFirst if rank > 2 => {
                let axes: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
                g.transpose(x, &axes)
            }
            _ => Ok(x),
        }
    }
}
