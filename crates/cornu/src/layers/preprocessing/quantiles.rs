//! Quantiles of numbers that come in batches, from a summary of bounded size.

/// Some of the numbers in ascending order, each with how many it stands for.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    values: Vec<f32>,
    weights: Vec<f32>,
}

impl Summary {
    /// Whether nothing was summarised.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// About `1 / epsilon` of the numbers, at equal distances in their order.
pub(super) fn summarize(mut values: Vec<f32>, epsilon: f64) -> Summary {
    values.sort_by(f32::total_cmp);
    let step = (values.len() as f64 / (1.0 / epsilon)).max(1.0);
    let start = (step - 1.0) as usize;
    let values: Vec<f32> = values
        .into_iter()
        .skip(start)
        .step_by(step as usize)
        .collect();
    let weights = vec![step as f32; values.len()];
    Summary { values, weights }
}

/// Both summaries as one of bounded size.
pub(super) fn merge(a: Summary, b: Summary, epsilon: f64) -> Summary {
    let pairs = |s: Summary| s.values.into_iter().zip(s.weights);
    let mut all: Vec<(f32, f32)> = pairs(a).chain(pairs(b)).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (values, weights) = all.into_iter().unzip();
    compress(&Summary { values, weights }, epsilon)
}

/// The bounds between `bins` ranges of equal shares.
pub(super) fn boundaries(summary: &Summary, bins: usize) -> Vec<f64> {
    let mut values = compress(summary, 1.0 / bins.max(1) as f64).values;
    values.pop();
    values.into_iter().map(f64::from).collect()
}

/// Values at equal shares of the weights, between which lines are drawn.
fn compress(summary: &Summary, epsilon: f64) -> Summary {
    if (summary.values.len() as f64) * epsilon < 1.0 {
        return summary.clone();
    }
    // Sums and shares in the precision of Keras, so that bounds are the same.
    let mut total = 0.0f32;
    let sums: Vec<f32> = summary
        .weights
        .iter()
        .map(|w| {
            total += w;
            total
        })
        .collect();
    let shares: Vec<f64> = sums.iter().map(|s| f64::from(s / total)).collect();
    let values: Vec<f64> = summary.values.iter().map(|&v| f64::from(v)).collect();
    let sums: Vec<f64> = sums.into_iter().map(f64::from).collect();
    let count = (1.0 / epsilon).ceil() as usize;
    let mut compressed = Summary::default();
    let mut before = 0.0;
    for i in 0..count {
        let share = epsilon + i as f64 * epsilon;
        let sum = interpolate(share, &shares, &sums);
        compressed
            .values
            .push(interpolate(share, &shares, &values) as f32);
        compressed.weights.push((sum - before) as f32);
        before = sum;
    }
    compressed
}

/// The line through points of ascending `xs`, level beyond the ends.
fn interpolate(x: f64, xs: &[f64], ys: &[f64]) -> f64 {
    let after = xs.partition_point(|&at| at <= x);
    if after == 0 {
        return ys[0];
    }
    let at = after - 1;
    if after == xs.len() || xs[at] == x {
        return ys[at];
    }
    let slope = (ys[after] - ys[at]) / (xs[after] - xs[at]);
    slope * (x - xs[at]) + ys[at]
}
