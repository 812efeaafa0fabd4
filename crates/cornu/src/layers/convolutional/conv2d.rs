//! Convolution over images.

use serde::{Deserialize, Serialize};

use crate::activations::Activation;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::graph::ops::Convolution;
use crate::initializers::InitializerConfig;
use crate::layers::defaults::{glorot_uniform, linear, one, valid, yes, zeros};
use crate::layers::{Base, Context, DataFormat, Layer, Padding, Pair, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// Slides `filters` small kernels over an image.
///
/// `y[i, j, f] = activation(Σ x[i·stride + a·dilation, j·stride + b·dilation, c] · kernel[a, b, c, f] + bias[f])`
///
/// # Shapes
/// `[batch, height, width, channels] → [batch, new height, new width, filters]`; kernel `[kernel height, kernel width,
/// channels / groups, filters]`, bias `[filters]`. With padding "valid" the new height is `(height - span) / stride + 1`, with
/// "same" `⌈height / stride⌉`, where `span = (kernel height - 1)·dilation + 1`.
///
/// # Errors
/// An input that is no image; zero filters, sizes, strides, dilations or groups; groups that do not divide channels and
/// filters; a kernel larger than the padded image; unknown names.
///
/// # Example
/// ```
/// use cornu::prelude::*;
/// let model = Sequential::new().input([32, 32, 3]).add(Conv2D::new(32, 3).activation("relu")).build()?;
/// assert_eq!(model.output_shape().axes(), &[30, 30, 32]);
/// # Ok::<(), cornu::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2D {
    #[serde(skip)]
    base: Base,
    filters: usize,
    kernel_size: Pair,
    #[serde(default = "one")]
    strides: Pair,
    #[serde(default = "valid")]
    padding: Choice<Padding>,
    #[serde(default)]
    data_format: DataFormat,
    #[serde(default = "one")]
    dilation_rate: Pair,
    #[serde(default = "one_group")]
    groups: usize,
    #[serde(default = "linear")]
    activation: Choice<Activation>,
    #[serde(default = "yes")]
    use_bias: bool,
    #[serde(default = "glorot_uniform")]
    kernel_initializer: InitializerConfig,
    #[serde(default = "zeros")]
    bias_initializer: InitializerConfig,
    #[serde(default)]
    kernel_regularizer: Option<Regularizer>,
    #[serde(default)]
    bias_regularizer: Option<Regularizer>,
}

fn one_group() -> usize {
    1
}

layer!(Conv2D);

impl Conv2D {
    /// So many filters of a size, with stride 1, no padding, linear and with a bias.
    pub fn new(filters: usize, kernel_size: impl Into<Pair>) -> Self {
        Self {
            base: Base::default(),
            filters,
            kernel_size: kernel_size.into(),
            strides: one(),
            padding: valid(),
            data_format: DataFormat::ChannelsLast,
            dilation_rate: one(),
            groups: 1,
            activation: linear(),
            use_bias: true,
            kernel_initializer: glorot_uniform(),
            bias_initializer: zeros(),
            kernel_regularizer: None,
            bias_regularizer: None,
        }
    }

    /// Pixels between neighbouring places of the kernel.
    pub fn strides(mut self, strides: impl Into<Pair>) -> Self {
        self.strides = strides.into();
        self
    }

    /// "valid" or "same".
    pub fn padding(mut self, padding: impl Into<Choice<Padding>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// Pixels between neighbouring taps of the kernel.
    pub fn dilation_rate(mut self, dilation_rate: impl Into<Pair>) -> Self {
        self.dilation_rate = dilation_rate.into();
        self
    }

    /// Cuts channels and filters into groups that do not see each other.
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// The function applied to the result.
    pub fn activation(mut self, activation: impl Into<Choice<Activation>>) -> Self {
        self.activation = activation.into();
        self
    }

    /// Whether a bias is added.
    pub fn use_bias(mut self, use_bias: bool) -> Self {
        self.use_bias = use_bias;
        self
    }

    /// How the kernel begins.
    pub fn kernel_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.kernel_initializer = initializer.into();
        self
    }

    /// How the bias begins.
    pub fn bias_initializer(mut self, initializer: impl Into<InitializerConfig>) -> Self {
        self.bias_initializer = initializer.into();
        self
    }

    /// What is added to the loss for the kernel.
    pub fn kernel_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.kernel_regularizer = Some(regularizer.into());
        self
    }

    /// What is added to the loss for the bias.
    pub fn bias_regularizer(mut self, regularizer: impl Into<Regularizer>) -> Self {
        self.bias_regularizer = Some(regularizer.into());
        self
    }

    fn convolution(&self, image: &[usize]) -> Result<Convolution> {
        let padding = *self.padding.get()?;
        let (size, dilation) = (self.kernel_size.array(), self.dilation_rate.array());
        let strides = self.strides.array();
        let amount = |i: usize| {
            let span = (size[i] - 1) * dilation[i] + 1;
            let (before, after) = padding.amounts(image[i], span, strides[i]);
            (before as isize, after as isize)
        };
        Ok(Convolution {
            strides,
            padding: [amount(0), amount(1)],
            lhs_dilation: [1, 1],
            rhs_dilation: dilation,
            groups: self.groups,
        })
    }
}

impl Layer for Conv2D {
    layer_identity!(Conv2D);

    fn build(&self, inputs: &[Shape]) -> Result<Vec<WeightSpec>> {
        let [_, _, channels] = inputs::image("Conv2D", inputs)?;
        inputs::sizes([
            ("filters", Pair::from(self.filters)),
            ("kernel_size", self.kernel_size),
            ("strides", self.strides),
            ("dilation_rate", self.dilation_rate),
            ("groups", Pair::from(self.groups)),
        ])?;
        if !channels.is_multiple_of(self.groups) || !self.filters.is_multiple_of(self.groups) {
            return Err(Error::config(format!(
                "groups must divide channels and filters, received groups {} for {channels} channels and {} filters",
                self.groups, self.filters
            )));
        }
        self.activation.get()?;
        self.padding.get()?;
        let Pair(h, w) = self.kernel_size;
        let shape = [h, w, channels / self.groups, self.filters];
        let kernel = WeightSpec::new("kernel", shape, self.kernel_initializer.clone());
        let mut weights = vec![kernel.regularized(self.kernel_regularizer.clone())];
        if self.use_bias {
            let bias = WeightSpec::new("bias", [self.filters], self.bias_initializer.clone());
            weights.push(bias.regularized(self.bias_regularizer.clone()));
        }
        Ok(weights)
    }

    fn call(&self, cx: &mut Context<'_>, inputs: &[Value]) -> Result<Value> {
        let image = cx.graph.shape(inputs[0])[1..3].to_vec();
        let convolution = self.convolution(&image)?;
        let mut y = cx.graph.conv2d(inputs[0], cx.weight(0), convolution)?;
        if self.use_bias {
            y = cx.graph.add(y, cx.weight(1))?;
        }
        self.activation.get()?.apply(cx.graph, y)
    }
}
