//! What all convolutions do alike: their checks, how the kernel slides, and what comes before and after it.
//!
//! A sequence is an image of one row here, so that 1, 2 and 3 axes are computed by convolutions of images and volumes.

use super::arguments::Weighed;
use crate::activations::Activation;
use crate::choice::Choice;
use crate::error::{Error, Result};
use crate::graph::ops::Slide;
use crate::graph::{Graph, Value};
use crate::layers::{Context, DataFormat, Padding, Sizes, WeightSpec, inputs};
use crate::regularizers::Regularizer;
use crate::shape::Shape;

/// The arguments of a convolution along `N` axes.
pub(super) struct Sliding<'a, const N: usize> {
    pub(super) class: &'static str,
    pub(super) kernel_size: Sizes<N>,
    pub(super) strides: Sizes<N>,
    pub(super) padding: &'a Choice<Padding>,
    pub(super) data_format: &'a Choice<DataFormat>,
    pub(super) dilation_rate: Sizes<N>,
    pub(super) activation: &'a Choice<Activation>,
    pub(super) activity_regularizer: Option<&'a Regularizer>,
    pub(super) kernels: Vec<Weighed<'a>>,
    pub(super) bias: Option<Weighed<'a>>,
}

impl<const N: usize> Sliding<'_, N> {
    /// Refuses settings and inputs that cannot work; the input's lengths and channels.
    pub(super) fn check(&self, inputs: &[Shape]) -> Result<([usize; N], usize)> {
        let format = *self.data_format.get()?;
        let (lengths, channels) = inputs::spatial::<N>(self.class, inputs, format)?;
        inputs::sizes([
            ("kernel_size", self.kernel_size),
            ("strides", self.strides),
            ("dilation_rate", self.dilation_rate),
        ])?;
        self.activation.get()?;
        self.padding.get()?;
        if lengths.contains(&0) || channels == 0 {
            return Err(Error::shape(format!(
                "{} needs an input with something in it, received {}",
                self.class, inputs[0]
            )));
        }
        Ok((lengths, channels))
    }

    /// Refuses steps both between places and between taps, as Keras does.
    pub(super) fn one_kind_of_step(&self) -> Result<()> {
        let beyond = |sizes: Sizes<N>| sizes.0.iter().any(|&n| n > 1);
        if beyond(self.strides) && beyond(self.dilation_rate) {
            return Err(Error::config(format!(
                "strides or dilation_rate must be 1, received strides {} and dilation_rate {}",
                self.strides, self.dilation_rate
            ))
            .help("a dilated kernel slides pixel by pixel; shrink the result with a pooling"));
        }
        Ok(())
    }

    /// Pixels that the kernel reaches over along axis `i`.
    pub(super) fn span(&self, i: usize) -> usize {
        (self.kernel_size.0[i] - 1) * self.dilation_rate.0[i] + 1
    }

    /// How the kernel slides over an image of the lengths given.
    pub(super) fn slides(&self, lengths: &[usize; N]) -> Result<Vec<Slide>> {
        let padding = *self.padding.get()?;
        if N != 1 {
            padding.not_causal()?;
        }
        let mut slides = Vec::with_capacity(N);
        let mut padded = *lengths;
        for i in 0..N {
            let (lo, hi) = padding.amounts(lengths[i], self.span(i), self.strides.0[i]);
            padded[i] = lengths[i] + lo + hi;
            slides.push(Slide {
                stride: self.strides.0[i],
                padding: (lo as isize, hi as isize),
                lhs_dilation: 1,
                rhs_dilation: self.dilation_rate.0[i],
            });
        }
        if (0..N).any(|i| self.span(i) > padded[i]) {
            return Err(self.too_large(padded));
        }
        Ok(slides)
    }

    /// What is said of a kernel that does not fit.
    fn too_large(&self, padded: [usize; N]) -> Error {
        let times = |sizes: [usize; N]| sizes.map(|n| n.to_string()).join("×");
        let kernel = times(self.kernel_size.0);
        let dilated = if self.dilation_rate == Sizes::from(1) {
            String::new()
        } else {
            format!(", dilated by {},", self.dilation_rate)
        };
        let room = times(padded);
        let (said, what) = match N {
            1 => (
                format!("a kernel of {kernel}{dilated} does not fit the padded sequence of {room}"),
                "sequence",
            ),
            2 => (
                format!("a {kernel} kernel{dilated} does not fit the padded {room} image"),
                "image",
            ),
            _ => (
                format!("a {kernel} kernel{dilated} does not fit the padded {room} volume"),
                "volume",
            ),
        };
        Error::shape(said).help(format!(
            "use padding \"same\", a smaller kernel, or fewer layers that shrink the {what}"
        ))
    }

    /// The weights: kernels of the names and shapes (after the kernel's sizes) given, and a bias for each filter.
    pub(super) fn weights<const K: usize>(
        &self,
        kernels: [(&str, Vec<usize>); K],
        filters: usize,
    ) -> Vec<WeightSpec> {
        let declared = self.kernels.iter().zip(kernels);
        let mut weights: Vec<WeightSpec> = declared
            .map(|(kernel, (name, shape))| kernel.weight(name, shape))
            .collect();
        weights.extend(self.bias.iter().map(|b| b.weight("bias", vec![filters])));
        weights
    }

    /// The shape of a kernel between so many channels.
    pub(super) fn kernel(&self, from: usize, to: usize) -> Vec<usize> {
        let mut shape = self.kernel_size.0.to_vec();
        shape.extend([from, to]);
        shape
    }

    /// The input as the graph's convolutions take it, with its lengths.
    pub(super) fn read(&self, g: &mut Graph, x: Value) -> Result<(Value, [usize; N])> {
        let x = self.data_format.get()?.to_last(g, x)?;
        let shape = g.shape(x).clone();
        let lengths = std::array::from_fn(|i| shape[i + 1]);
        let x = if N == 1 {
            g.reshape(x, [shape[0], 1, shape[1], shape[2]])?
        } else {
            x
        };
        Ok((x, lengths))
    }

    /// A kernel as the graph's convolutions take it, with so many channels for its last two axes.
    pub(super) fn lifted(g: &mut Graph, w: Value, from: usize, to: usize) -> Result<Value> {
        let sizes = g.shape(w)[..N].to_vec();
        let mut shape = if N == 1 { vec![1] } else { vec![] };
        shape.extend(sizes);
        shape.extend([from, to]);
        g.reshape(w, shape)
    }

    /// Slides, with the one along the row that a sequence is.
    pub(super) fn all_axes(slides: &[Slide]) -> Vec<Slide> {
        let row = (N == 1).then_some(Slide::PLAIN);
        row.into_iter().chain(slides.iter().copied()).collect()
    }

    /// Bias and activation, and the order of axes that was asked for.
    pub(super) fn finish(&self, cx: &mut Context<'_>, y: Value) -> Result<Value> {
        let mut y = y;
        if self.bias.is_some() {
            y = cx.graph.add(y, cx.weight(self.kernels.len()))?;
        }
        let (format, activation) = (*self.data_format.get()?, self.activation.get()?);
        let g = &mut *cx.graph;
        // An activation along the last axis is along the axis that is last in the layer's own order.
        if format == DataFormat::ChannelsLast {
            y = activation.apply(g, y)?;
        }
        if N == 1 {
            let shape = g.shape(y).clone();
            y = g.reshape(y, [shape[0], shape[2], shape[3]])?;
        }
        if format == DataFormat::ChannelsFirst {
            y = format.to_own(g, y)?;
            y = activation.apply(g, y)?;
        }
        cx.regularize_activity(self.activity_regularizer, y)?;
        Ok(y)
    }
}
