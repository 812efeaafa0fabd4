//! Candle on its CPU back end.

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use candle_nn::loss::cross_entropy;
use candle_nn::ops::dropout;
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use rust_peers::{Digests, Peer, Shuffled, Work, gradient, serve, weight};

struct Candle {
    work: &'static Work,
    vars: Vec<Var>,
    optimizer: AdamW,
    data: Option<(Tensor, Tensor)>,
    rows: Shuffled,
}

/// The weights in the order of the work's.
fn vars(work: &Work) -> Result<Vec<Var>> {
    let made = work.weights.iter().map(|(name, shape)| {
        let (values, shape) = weight(name, shape);
        Var::from_tensor(&Tensor::from_vec(values, shape, &Device::Cpu)?)
    });
    made.collect()
}

fn data(work: &Work, samples: usize) -> Result<(Tensor, Tensor)> {
    let mut shape = vec![samples];
    shape.extend(work.shape());
    Ok((
        Tensor::from_vec(work.inputs(samples), shape, &Device::Cpu)?,
        Tensor::from_vec(work.targets(samples), samples, &Device::Cpu)?,
    ))
}

fn forward(vars: &[Var], x: &Tensor, drop: bool) -> Result<Tensor> {
    let mut x = x.clone();
    let convolutional = x.rank() == 4;
    let layers: Vec<&[Var]> = vars.chunks_exact(2).collect();
    for (i, layer) in layers.iter().enumerate() {
        let (kernel, bias) = (&layer[0], &layer[1]);
        if kernel.rank() == 4 {
            let channels = bias.elem_count();
            let bias = bias.reshape((1, channels, 1, 1))?;
            x = x.conv2d(kernel, 0, 1, 1, 1)?.broadcast_add(&bias)?.relu()?;
            x = max_pool(&x)?;
            if drop {
                x = dropout(&x, 0.25)?;
            }
            continue;
        }
        let last = i + 1 == layers.len();
        if last && convolutional && drop {
            x = dropout(&x, 0.5)?;
        }
        x = x.flatten_from(1)?.matmul(kernel)?.broadcast_add(bias)?;
        if !last {
            x = x.relu()?;
        }
    }
    Ok(x)
}

/// Windows of 2 × 2 as maxima over two axes: the gradient of Candle's own pooling is divided by the window's size.
fn max_pool(x: &Tensor) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (h, w) = (h / 2, w / 2);
    let x = x.narrow(2, 0, 2 * h)?.narrow(3, 0, 2 * w)?.contiguous()?;
    x.reshape((n, c, h, 2, w, 2))?.max(5)?.max(3)
}

impl Candle {
    fn new(work: &'static Work) -> Result<Self> {
        let vars = vars(work)?;
        let settings = ParamsAdamW {
            lr: 0.001,
            eps: 1e-7,
            weight_decay: 0.0,
            ..ParamsAdamW::default()
        };
        Ok(Self {
            work,
            optimizer: AdamW::new(vars.clone(), settings)?,
            vars,
            data: None,
            rows: Shuffled::new(work.batch * work.batches),
        })
    }

    fn compare(&self) -> Result<Digests> {
        let vars = vars(self.work)?;
        let (x, y) = data(self.work, self.work.batch)?;
        let loss = cross_entropy(&forward(&vars, &x, false)?, &y)?;
        let gradients: GradStore = loss.backward()?;
        let mut digests = Digests::new();
        digests.insert("loss".into(), vec![f64::from(loss.to_scalar::<f32>()?)]);
        for ((name, shape), var) in self.work.weights.iter().zip(&vars) {
            let values = gradients.get(var).expect("every weight has a gradient");
            let values = values.flatten_all()?.to_vec1::<f32>()?;
            digests.insert((*name).into(), gradient(name, shape, &values));
        }
        Ok(digests)
    }

    fn train(&mut self, steps: usize) -> Result<f64> {
        let work = self.work;
        if self.data.is_none() {
            self.data = Some(data(work, work.batch * work.batches)?);
        }
        let (x, y) = self.data.as_ref().expect("just made");
        let mut last = 0.0;
        for step in 0..steps {
            let rows: Vec<u32> = self
                .rows
                .next(work.batch)
                .iter()
                .map(|&r| r as u32)
                .collect();
            let rows = Tensor::from_vec(rows, work.batch, &Device::Cpu)?;
            let output = forward(&self.vars, &x.index_select(&rows, 0)?, true)?;
            let loss = cross_entropy(&output, &y.index_select(&rows, 0)?)?;
            self.optimizer.backward_step(&loss)?;
            if step + 1 == steps {
                last = f64::from(loss.to_scalar::<f32>()?);
            }
        }
        Ok(last)
    }
}

impl Peer for Candle {
    fn check(&mut self) -> Digests {
        self.compare().unwrap_or_else(|e| panic!("{e}"))
    }

    fn run(&mut self, steps: usize) -> f64 {
        self.train(steps).unwrap_or_else(|e| panic!("{e}"))
    }
}

fn main() {
    // Threads are chosen by RAYON_NUM_THREADS.
    serve("candle 0.11", |work, _| {
        Box::new(Candle::new(work).unwrap_or_else(|e| panic!("{e}")))
    });
}
