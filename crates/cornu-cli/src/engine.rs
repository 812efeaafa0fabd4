//! The one place where the program touches the framework: networks by name, training with a watcher, predictions.

use std::path::Path;

use cornu_data::{Dataset, ImageSet};

use crate::failure::Result;
use crate::progress::Step;
use crate::recipe::Named;
use crate::settings::Settings;

/// Whether training goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// The weights of a network at some time.
pub(crate) struct Weights;

/// A network whose state can be kept.
pub(crate) trait Keeper {
    fn save(&self, path: &Path) -> Result<()>;
    fn weights(&self) -> Result<Weights>;
}

/// Someone who follows training.
pub(crate) trait Watcher {
    /// Training begins; each epoch has so many steps.
    fn begin(&mut self, steps: usize);
    fn step(&mut self, step: &Step<'_>) -> Go;
    /// The epoch (from 0), its steps and its samples are done; `logs` holds the validation's values too.
    fn epoch(
        &mut self,
        keeper: &dyn Keeper,
        epoch: (usize, usize, usize),
        logs: &[(String, f64)],
    ) -> Result<Go>;
}

/// Loss, optimizer and metrics, made from their names.
pub(crate) struct Parts;

/// A network as a table.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) layers: Vec<OutlineLayer>,
    pub(crate) trainable: u64,
    pub(crate) non_trainable: u64,
    /// What the plan for a training step will hold.
    pub(crate) training_bytes: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct OutlineLayer {
    pub(crate) name: String,
    pub(crate) class: String,
    /// Without the batch axis.
    pub(crate) output: Vec<usize>,
    pub(crate) weights: u64,
    /// Operations for one sample, where they are known.
    pub(crate) flops: Option<u64>,
}

impl Outline {
    pub(crate) fn weights(&self) -> u64 {
        self.trainable + self.non_trainable
    }

    pub(crate) fn flops(&self) -> Option<u64> {
        self.layers.iter().map(|l| l.flops).sum()
    }
}

/// A network of the framework.
pub(crate) struct Network;

impl Network {
    pub(crate) fn check(_settings: &Settings) -> Result<Parts> {
        todo!()
    }
    pub(crate) fn build(_input: &[usize], _layers: &[Named], _seed: u32) -> Result<Self> {
        todo!()
    }
    pub(crate) fn load(_path: &Path) -> Result<Self> {
        todo!()
    }
    pub(crate) fn compile(&mut self, _parts: Parts) -> Result<()> {
        todo!()
    }
    pub(crate) fn fit(
        &mut self,
        _data: &Dataset,
        _settings: &Settings,
        _watcher: &mut dyn Watcher,
    ) -> Result<()> {
        todo!()
    }
    pub(crate) fn restore(&mut self, _weights: &Weights) -> Result<()> {
        todo!()
    }
    pub(crate) fn save(&self, _path: &Path) -> Result<()> {
        todo!()
    }
    pub(crate) fn outline(&self, _batch: usize) -> Result<Outline> {
        todo!()
    }
    /// The axes of one input, without the batch.
    pub(crate) fn input_shape(&self) -> Result<Vec<usize>> {
        todo!()
    }
    pub(crate) fn evaluate(
        &mut self,
        _set: &ImageSet,
        _batch: usize,
    ) -> Result<Vec<(String, f64)>> {
        todo!()
    }
    pub(crate) fn predict_set(
        &mut self,
        _set: &ImageSet,
        _batch: usize,
    ) -> Result<(Vec<usize>, Vec<f32>)> {
        todo!()
    }
    pub(crate) fn predict(
        &mut self,
        _shape: &[usize],
        _values: Vec<f32>,
    ) -> Result<(Vec<usize>, Vec<f32>)> {
        todo!()
    }
}
