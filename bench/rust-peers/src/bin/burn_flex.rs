//! Burn on its CPU back end "flex".

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};
use burn::prelude::*;
use burn::tensor::{Gradients, Int, TensorData};
use rust_peers::{Digests, Peer, Shuffled, Work, gradient, serve, weight};

#[derive(Module, Debug)]
struct Net {
    convs: Vec<Conv2d>,
    dense: Vec<Linear>,
    pool: MaxPool2d,
    /// Behind each pooling, and before the last dense layer.
    small: Dropout,
    large: Dropout,
}

impl Net {
    fn new(work: &Work, dropout: bool, device: &Device) -> Self {
        let rate = |rate: f64| if dropout { rate } else { 0.0 };
        let mut net = Self {
            convs: Vec::new(),
            dense: Vec::new(),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            small: DropoutConfig::new(rate(0.25)).init(),
            large: DropoutConfig::new(rate(0.5)).init(),
        };
        for pair in work.weights.chunks_exact(2) {
            let kernel = made(pair[0].0, pair[0].1);
            let bias = param::<1>(made(pair[1].0, pair[1].1), device);
            match *pair[0].1 {
                [h, w, input, output] => {
                    let mut conv = Conv2dConfig::new([input, output], [h, w]).init(device);
                    conv.weight = param::<4>(kernel, device);
                    conv.bias = Some(bias);
                    net.convs.push(conv);
                }
                [input, output] => {
                    let mut dense = LinearConfig::new(input, output).init(device);
                    dense.weight = param::<2>(kernel, device);
                    dense.bias = Some(bias);
                    net.dense.push(dense);
                }
                _ => unreachable!("kernels have two or four axes"),
            }
        }
        net
    }

    fn forward(&self, x: Tensor<2>, shape: &[usize]) -> Tensor<2> {
        let mut y = x;
        if let [c, h, w] = *shape {
            let rows = y.dims()[0];
            let mut image = y.reshape([rows, c, h, w]);
            for conv in &self.convs {
                let convolved = burn::tensor::activation::relu(conv.forward(image));
                image = self.small.forward(self.pool.forward(convolved));
            }
            y = image.flatten(1, 3);
        }
        let last = self.dense.len() - 1;
        for dense in &self.dense[..last] {
            y = burn::tensor::activation::relu(dense.forward(y));
        }
        if !self.convs.is_empty() {
            y = self.large.forward(y);
        }
        self.dense[last].forward(y)
    }

    /// Gradients in the order of the work's weights.
    fn gradients(&self, gradients: &Gradients) -> Vec<Vec<f32>> {
        let mut all = Vec::new();
        for conv in &self.convs {
            all.push(values(conv.weight.val().grad(gradients)));
            all.push(values(
                conv.bias.as_ref().and_then(|b| b.val().grad(gradients)),
            ));
        }
        for dense in &self.dense {
            all.push(values(dense.weight.val().grad(gradients)));
            all.push(values(
                dense.bias.as_ref().and_then(|b| b.val().grad(gradients)),
            ));
        }
        all
    }
}

fn made(name: &str, shape: &[usize]) -> TensorData {
    let (values, shape) = weight(name, shape);
    TensorData::new(values, shape)
}

fn param<const D: usize>(data: TensorData, device: &Device) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::<D>::from_data(data, device))
}

fn values<const D: usize>(tensor: Option<Tensor<D>>) -> Vec<f32> {
    let data = tensor.expect("every weight has a gradient").into_data();
    data.try_to_vec::<f32>().expect("gradients are float32")
}

struct Burn {
    work: &'static Work,
    device: Device,
    net: Option<Net>,
    optimizer: ModuleOptimizer,
    loss: CrossEntropyLoss,
    data: Option<(Tensor<2>, Tensor<1, Int>)>,
    rows: Shuffled,
}

fn data(work: &Work, samples: usize, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let x = work.inputs(samples);
    let row = x.len() / samples;
    let y: Vec<i64> = work.targets(samples).into_iter().map(i64::from).collect();
    (
        Tensor::from_data(TensorData::new(x, [samples, row]), device),
        Tensor::from_data(TensorData::new(y, [samples]), device),
    )
}

impl Peer for Burn {
    fn check(&mut self) -> Digests {
        let net = Net::new(self.work, false, &self.device);
        let (x, y) = data(self.work, self.work.batch, &self.device);
        let loss = self.loss.forward(net.forward(x, &self.work.shape()), y);
        let gradients = net.gradients(&loss.backward());
        let mut digests = Digests::new();
        digests.insert("loss".into(), vec![f64::from(loss.into_scalar::<f32>())]);
        for ((name, shape), values) in self.work.weights.iter().zip(gradients) {
            digests.insert((*name).into(), gradient(name, shape, &values));
        }
        digests
    }

    fn run(&mut self, steps: usize) -> f64 {
        let (work, device) = (self.work, &self.device);
        let (x, y) = self
            .data
            .get_or_insert_with(|| data(work, work.batch * work.batches, device));
        let mut net = self
            .net
            .take()
            .unwrap_or_else(|| Net::new(work, true, device));
        let shape = work.shape();
        let mut last = 0.0;
        for step in 0..steps {
            let rows: Vec<i64> = self
                .rows
                .next(work.batch)
                .iter()
                .map(|&r| r as i64)
                .collect();
            let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [work.batch]), device);
            let output = net.forward(x.clone().select(0, rows.clone()), &shape);
            let loss = self.loss.forward(output, y.clone().select(0, rows));
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = self.optimizer.step(0.001, net, gradients);
            if step + 1 == steps {
                last = f64::from(loss.into_scalar::<f32>());
            }
        }
        self.net = Some(net);
        last
    }
}

fn main() {
    serve("burn 0.22 flex", |work, _| {
        // Threads are chosen by RAYON_NUM_THREADS.
        let device = Device::flex().autodiff();
        Box::new(Burn {
            work,
            net: None,
            optimizer: AdamConfig::new().with_epsilon(1e-7).init(),
            loss: CrossEntropyLossConfig::new().init(&device),
            device,
            data: None,
            rows: Shuffled::new(work.batch * work.batches),
        })
    });
}
