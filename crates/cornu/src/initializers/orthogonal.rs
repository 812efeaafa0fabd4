//! Vectors made orthogonal and of length 1, one after another.

/// Makes the columns of a row-major matrix orthonormal, or its rows if they are fewer, and multiplies them by `gain`.
///
/// Gram and Schmidt's way, gone twice, in double precision: the result is the Q of a QR decomposition whose R has a positive
/// diagonal, so that normal numbers become a matrix drawn uniformly from all orthogonal ones.
pub(super) fn orthonormalise(x: &mut [f32], columns: usize, gain: f64) {
    let rows = x.len() / columns.max(1);
    let (count, length) = (rows.min(columns), rows.max(columns));
    let place = |vector: usize, i: usize| {
        if rows < columns {
            vector * columns + i
        } else {
            i * columns + vector
        }
    };
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(count);
    for vector in 0..count {
        let mut v: Vec<f64> = (0..length)
            .map(|i| f64::from(x[place(vector, i)]))
            .collect();
        for _ in 0..2 {
            for q in &done {
                let along: f64 = q.iter().zip(&v).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(q).for_each(|(v, q)| *v -= along * q);
            }
        }
        let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        for v in &mut v {
            *v /= norm;
        }
        for (i, &v) in v.iter().enumerate() {
            x[place(vector, i)] = (gain * v) as f32;
        }
        done.push(v);
    }
}
