//! What is measured: work loads, one file each, with the samples they work on.

mod article;
mod gpt;
mod image_net;
mod mlp;
mod recurrent;
mod resnet18;

use cornu::Tensor;
use cornu::model::Model;

use super::formula;
use crate::failure::{Failure, Result, suggestion};

/// What a sample is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sample {
    /// Numbers in 0..1.
    Numbers(&'static [usize]),
    /// So many whole numbers below the second number.
    Tokens(usize, usize),
}

/// What a sample's target is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// One of so many classes.
    Class(usize),
    /// 0 or 1, as a number.
    Binary,
    /// At each of so many places one of so many classes.
    Classes(usize, usize),
}

/// What is done with the batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Train,
    Infer,
}

/// A work load.
#[derive(Debug)]
pub(crate) struct Work {
    /// "W1-train".
    pub(crate) name: &'static str,
    /// What it is, for a person.
    pub(crate) title: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) batch: usize,
    /// Batches held in memory, drawn in random order.
    pub(crate) batches: usize,
    /// Whether implementations are compared on the first sample alone, as often as a batch has room for it: then the maxima of
    /// AlexNet's poolings are at least 10⁻⁵ above what comes next, and rounding does not decide which pixel has the gradient.
    pub(crate) one_sample: bool,
    pub(crate) sample: Sample,
    pub(crate) target: Target,
    /// What is counted, and how many of them a sample has.
    pub(crate) unit: (&'static str, usize),
    /// The model, compiled where it is trained; without dropout for the comparison.
    pub(crate) model: fn(dropout: bool) -> cornu::Result<Model>,
}

/// All work loads, in the order of their names.
pub(crate) fn all() -> impl Iterator<Item = &'static Work> {
    let groups = [
        article::WORKS,
        resnet18::WORKS,
        recurrent::WORKS,
        mlp::WORKS,
        gpt::WORKS,
        image_net::WORKS,
    ];
    groups.into_iter().flatten()
}

/// The work loads named: "W1" stands for all that begin with "W1-".
pub(crate) fn named(names: &[String]) -> Result<Vec<&'static Work>> {
    let fits = |work: &Work, name: &str| {
        let head = work.name.get(..name.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(name))
            && matches!(work.name.as_bytes().get(name.len()), None | Some(b'-'))
    };
    for name in names {
        if !all().any(|work| fits(work, name)) {
            let known: Vec<&str> = all().map(|work| work.name).collect();
            return Err(Failure::user(format!("there is no work load \"{name}\""))
                .help(suggestion(name, "work loads", &known)));
        }
    }
    let chosen = |work: &&Work| names.is_empty() || names.iter().any(|name| fits(work, name));
    Ok(all().filter(chosen).collect())
}

impl Work {
    /// The inputs of so many samples: the first numbers of the stream "input".
    pub(crate) fn inputs(&self, samples: usize) -> Result<Tensor> {
        let uniform = formula::uniform("input");
        Ok(match self.sample {
            Sample::Numbers(shape) => {
                let mut axes = vec![samples];
                axes.extend(shape);
                let count = axes.iter().product();
                Tensor::new(axes, uniform.take(count).collect::<Vec<f32>>())?
            }
            Sample::Tokens(length, below) => {
                let tokens: Vec<i32> = uniform
                    .take(samples * length)
                    .map(|u| whole(u, below))
                    .collect();
                Tensor::new([samples, length], tokens)?
            }
        })
    }

    /// The inputs on which implementations are compared: a batch.
    pub(crate) fn inputs_to_compare(&self) -> Result<Tensor> {
        if !self.one_sample {
            return self.inputs(self.batch);
        }
        let first = self.inputs(1)?;
        let mut axes = first.shape().to_vec();
        axes[0] = self.batch;
        Ok(match self.sample {
            Sample::Numbers(_) => Tensor::new(axes, first.f32s()?.repeat(self.batch))?,
            Sample::Tokens(..) => Tensor::new(axes, first.i32s()?.repeat(self.batch))?,
        })
    }

    /// The targets of so many samples: the first numbers of the stream "target".
    pub(crate) fn targets(&self, samples: usize) -> Result<Tensor> {
        let uniform = formula::uniform("target");
        let labels = |count: usize, below: usize| -> Vec<i32> {
            uniform.take(count).map(|u| whole(u, below)).collect()
        };
        Ok(match self.target {
            Target::Class(classes) => Tensor::new([samples], labels(samples, classes))?,
            Target::Binary => {
                let labels = labels(samples, 2).into_iter().map(|y| y as f32);
                Tensor::new([samples, 1], labels.collect::<Vec<f32>>())?
            }
            Target::Classes(length, classes) => {
                Tensor::new([samples, length], labels(samples * length, classes))?
            }
        })
    }

    /// The model with its weights by the formula, without dropout.
    pub(crate) fn model_to_compare(&self) -> Result<Model> {
        let mut model = (self.model)(false)?;
        let named: Vec<(String, Vec<usize>)> = model
            .weight_paths()
            .into_iter()
            .zip(model.weights())
            .map(|(path, weight)| (own_name(path).to_owned(), weight.shape().to_vec()))
            .collect();
        let weights = named
            .into_iter()
            .map(|(name, shape)| {
                let values = formula::weight(&name, &shape);
                Tensor::new(shape, values)
            })
            .collect::<cornu::Result<Vec<_>>>()?;
        model.set_weights(&weights)?;
        Ok(model)
    }
}

/// A weight's path without the model's name.
pub(crate) fn own_name(path: &str) -> &str {
    path.split_once('/').map_or(path, |(_, name)| name)
}

/// A number in [0, 1) as a whole one.
fn whole(u: f32, below: usize) -> i32 {
    (f64::from(u) * below as f64) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_stands_for_all_that_it_begins() {
        let names = |short: &str| -> Vec<&str> {
            let works = named(&[short.into()]).unwrap();
            works.iter().map(|work| work.name).collect()
        };
        assert_eq!(names("w1"), ["W1-train", "W1-infer", "W1-infer-1"]);
        assert_eq!(names("W1-infer-1"), ["W1-infer-1"]);
        assert_eq!(named(&[]).unwrap().len(), all().count());
        let failure = named(&["W9".into()]).unwrap_err();
        assert!(failure.to_string().contains("no work load \"W9\""));
    }

    #[test]
    fn a_comparison_on_one_sample_repeats_it() {
        let work = named(&["W6-alexnet".into()]).unwrap()[0];
        let (all, first) = (work.inputs_to_compare().unwrap(), work.inputs(1).unwrap());
        let length = first.f32s().unwrap().len();
        assert_eq!(all.shape()[..], [16, 227, 227, 3]);
        for image in all.f32s().unwrap().chunks(length) {
            assert_eq!(image, first.f32s().unwrap());
        }
    }

    #[test]
    fn every_model_takes_its_samples_and_knows_its_arithmetic() {
        for work in all() {
            let model = (work.model)(true).unwrap();
            let x = work.inputs(1).unwrap();
            let sample = cornu::Shape::from(x.shape()[1..].to_vec());
            assert_eq!(model.input_shapes(), [sample], "{}", work.name);
            assert!(super::super::own::flops_per_sample(work).unwrap() > 0.0);
        }
    }
}
