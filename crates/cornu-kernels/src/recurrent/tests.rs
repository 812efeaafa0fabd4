//! Each cell against plain loops in double precision, at every level, and its way back against finite differences of them.

use super::{Cell, Given, Left, Sequence, backward, forward};
use crate::{Level, with_level};

const CELLS: [Cell; 4] = [Cell::Simple, Cell::Lstm, Cell::Gru, Cell::GruResetAfter];

struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 23) - 1.0
    }
    fn some(&mut self, n: usize, scale: f64) -> Vec<f64> {
        (0..n)
            .map(|_| f64::from((self.next() * scale) as f32))
            .collect()
    }
}

fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| x as f32).collect()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The states after each step, `q` standing for what is added to `h·u` of a GRU's third gate.
fn reference(cell: Cell, seq: Sequence, [u, bias, mask, p]: [&[f64]; 4]) -> Vec<f64> {
    let (n, gates) = (seq.units, cell.gates());
    let mut out = vec![0.0; seq.rows * seq.steps * n];
    for row in 0..seq.rows {
        let (mut h, mut c) = (vec![0.0; n], vec![0.0; n]);
        for s in 0..seq.steps {
            let moment = row * seq.steps + seq.time(s);
            let p = &p[moment * gates * n..][..gates * n];
            let times = |h: &[f64], gate: usize, j: usize| -> f64 {
                (0..n).map(|k| h[k] * u[(k * gates + gate) * n + j]).sum()
            };
            let a = |gate: usize, j: usize| p[gate * n + j] + times(&h, gate, j);
            let (before, c_before) = (h.clone(), c.clone());
            let next: Vec<f64> = match cell {
                Cell::Simple => (0..n).map(|j| a(0, j).tanh()).collect(),
                Cell::Lstm => (0..n)
                    .map(|j| {
                        c[j] = sigmoid(a(1, j)) * c[j] + sigmoid(a(0, j)) * a(2, j).tanh();
                        sigmoid(a(3, j)) * c[j].tanh()
                    })
                    .collect(),
                Cell::Gru => {
                    let reset: Vec<f64> = (0..n).map(|j| sigmoid(a(1, j)) * h[j]).collect();
                    (0..n)
                        .map(|j| {
                            let candidate = (p[2 * n + j] + times(&reset, 2, j)).tanh();
                            let z = sigmoid(a(0, j));
                            z * h[j] + (1.0 - z) * candidate
                        })
                        .collect()
                }
                Cell::GruResetAfter => (0..n)
                    .map(|j| {
                        let inner = times(&h, 2, j) + bias[j];
                        let candidate = (p[2 * n + j] + sigmoid(a(1, j)) * inner).tanh();
                        let z = sigmoid(a(0, j));
                        z * h[j] + (1.0 - z) * candidate
                    })
                    .collect(),
            };
            h = next;
            if !mask.is_empty() && mask[moment] == 0.0 {
                (h, c) = (before, c_before);
            }
            out[moment * n..][..n].copy_from_slice(&h);
        }
    }
    out
}

fn close(what: &str, got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (&g, w)) in got.iter().zip(want).enumerate() {
        let apart = (f64::from(g) - w).abs();
        assert!(
            apart <= tolerance * (1.0 + w.abs()),
            "{what}: element {i} is {g}, should be {w}"
        );
    }
}

fn check(cell: Cell, seq: Sequence, masked: bool) {
    let (n, gates) = (seq.units, cell.gates());
    let moments = seq.rows * seq.steps;
    let mut numbers = Numbers(7 + (moments * n) as u64);
    let u = numbers.some(n * gates * n, 1.0 / (n as f64).sqrt());
    let bias = numbers.some(if cell == Cell::GruResetAfter { n } else { 0 }, 0.5);
    let p = numbers.some(moments * gates * n, 1.5);
    let mask: Vec<f64> = (0..if masked { moments } else { 0 })
        .map(|_| f64::from(u8::from(numbers.next() > -0.3)))
        .collect();
    let weight = numbers.some(moments * n, 1.0);
    let of_last: Vec<f64> = {
        // Only the states after the last step count.
        let end = seq.time(seq.steps - 1);
        let at = |i: usize| {
            if i / n % seq.steps == end {
                weight[i]
            } else {
                0.0
            }
        };
        (0..moments * n).map(at).collect()
    };
    let want = reference(cell, seq, [&u, &bias, &mask, &p]);
    let (u32s, bias32, mask32, p32) = (narrow(&u), narrow(&bias), narrow(&mask), narrow(&p));
    let given = Given {
        u: &u32s,
        bias: &bias32,
        mask: &mask32,
    };
    // A number of the gradient of Σ h·weight, from the reference.
    let slope = |weight: &[f64], of: usize, i: usize| {
        let mut at = [u.clone(), bias.clone(), mask.clone(), p.clone()];
        let mut total = |by: f64| -> f64 {
            let before = at[of][i];
            at[of][i] = before + by;
            let h = reference(cell, seq, [&at[0], &at[1], &at[2], &at[3]]);
            at[of][i] = before;
            h.iter().zip(weight).map(|(h, w)| h * w).sum()
        };
        (total(1e-5) - total(-1e-5)) / 2e-5
    };
    let samples: Vec<usize> = (0..p.len()).step_by(p.len().div_ceil(24)).collect();
    let slopes: Vec<f64> = samples.iter().map(|&i| slope(&weight, 3, i)).collect();
    let slopes_of_last: Vec<f64> = samples.iter().map(|&i| slope(&of_last, 3, i)).collect();
    let biases: Vec<f64> = (0..bias.len()).map(|i| slope(&weight, 1, i)).collect();
    for level in Level::ALL.into_iter().filter(|l| l.is_available()) {
        let what = format!("{cell:?} {seq:?} masked {masked} {}", level.name());
        with_level(level, || {
            let scratch = &mut Vec::new();
            let mut h = vec![f32::NAN; moments * n];
            forward(cell, seq, given, &p32, &mut h, &mut [], &mut [], scratch);
            close(&what, &h, &want, 2e-6 * seq.steps as f64);
            let mut again = vec![f32::NAN; moments * n];
            let mut kept = vec![f32::NAN; moments * n * cell.kept()];
            let mut c = vec![f32::NAN; if cell == Cell::Lstm { moments * n } else { 0 }];
            forward(
                cell, seq, given, &p32, &mut again, &mut kept, &mut c, scratch,
            );
            assert!(h == again, "{what}: what is kept changes nothing");
            let left = Left {
                h: &h,
                kept: &kept,
                c: &c,
                dc: &[],
            };
            let mut dp = vec![f32::NAN; p32.len()];
            let mut dn = vec![f32::NAN; if bias.is_empty() { 0 } else { moments * n }];
            let given = Given { bias: &[], ..given };
            backward(
                cell,
                seq,
                given,
                left,
                &narrow(&weight),
                &mut dp,
                &mut dn,
                scratch,
            );
            let got: Vec<f32> = samples.iter().map(|&i| dp[i]).collect();
            close(&format!("{what}: dp"), &got, &slopes, 3e-5);
            let sums: Vec<f32> = (0..bias.len())
                .map(|j| dn.iter().skip(j).step_by(n).sum())
                .collect();
            close(&format!("{what}: dn"), &sums, &biases, 3e-5);
            let end = seq.time(seq.steps - 1);
            let last: Vec<f32> = (0..seq.rows)
                .flat_map(|row| narrow(&weight[(row * seq.steps + end) * n..][..n]))
                .collect();
            backward(cell, seq, given, left, &last, &mut dp, &mut dn, scratch);
            let got: Vec<f32> = samples.iter().map(|&i| dp[i]).collect();
            close(
                &format!("{what}: dp of the last"),
                &got,
                &slopes_of_last,
                3e-5,
            );
        });
    }
}

#[test]
fn cells_are_what_the_reference_is() {
    for cell in CELLS {
        for (rows, steps, units) in [(1, 1, 1), (3, 4, 5), (7, 3, 16), (17, 2, 33), (5, 6, 64)] {
            for reverse in [false, true] {
                let seq = Sequence {
                    rows,
                    steps,
                    units,
                    reverse,
                };
                check(cell, seq, false);
                check(cell, seq, true);
            }
        }
    }
}

#[test]
fn rows_do_not_depend_on_their_number() {
    for cell in CELLS {
        let (steps, units) = (3, 20);
        let mut numbers = Numbers(1);
        let p = narrow(&numbers.some(9 * steps * cell.gates() * units, 1.0));
        let u = narrow(&numbers.some(units * cell.gates() * units, 0.3));
        let bias = vec![
            0.1;
            if cell == Cell::GruResetAfter {
                units
            } else {
                0
            }
        ];
        let given = Given {
            u: &u,
            bias: &bias,
            mask: &[],
        };
        let run = |rows: usize, p: &[f32]| {
            let seq = Sequence {
                rows,
                steps,
                units,
                reverse: false,
            };
            let mut h = vec![0.0; rows * steps * units];
            forward(
                cell,
                seq,
                given,
                p,
                &mut h,
                &mut [],
                &mut [],
                &mut Vec::new(),
            );
            h
        };
        let all = run(9, &p);
        let row = steps * cell.gates() * units;
        let (four, five) = (run(4, &p[..4 * row]), run(5, &p[4 * row..]));
        assert!(all == [four, five].concat(), "{cell:?}");
    }
}
