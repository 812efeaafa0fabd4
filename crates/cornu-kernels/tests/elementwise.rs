//! Every elementwise operation against its double-precision meaning, and programs against a loop over elements.

mod against;

use against::{Numbers, each_level};
use cornu_kernels::elementwise::*;

fn apply(instr: Instr, a: &[f32], b: &[f32]) -> Vec<f32> {
    let load = |input| Instr::Load {
        dst: input as u8,
        input,
    };
    let p = Program::new(
        vec![load(0), load(1), instr, Instr::Store { output: 0, src: 2 }],
        3,
        2,
        1,
    );
    let mut y = vec![0.0; a.len()];
    let inputs = [
        (Source::F32(a), Indexing::Same),
        (Source::F32(b), Indexing::Same),
    ];
    run(&p, 0, a.len(), &inputs, &mut [Sink::F32(&mut y)]);
    y
}

/// Distance in units of the last place of the wanted value.
fn ulps(got: f32, want: f64) -> f64 {
    if got.is_nan() && want.is_nan() || f64::from(got) == want || got == want as f32 {
        return 0.0;
    }
    if !got.is_finite() || !want.is_finite() {
        return f64::INFINITY;
    }
    let exponent = (want.abs().max(f64::from(f32::MIN_POSITIVE)))
        .log2()
        .floor();
    (f64::from(got) - want).abs() / (exponent - 23.0).exp2()
}

const SPECIAL: [f32; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    f32::INFINITY,
    f32::NEG_INFINITY,
    f32::NAN,
    1e-30,
    -1e-30,
    1e-8,
    -1e-8,
    88.0,
    -87.0,
    100.0,
    -100.0,
    1e30,
    -1e30,
    f32::MAX,
    f32::MIN_POSITIVE,
];

fn samples() -> Vec<f32> {
    let mut r = Numbers::new(8);
    let mut x = SPECIAL.to_vec();
    for magnitude in [1e-6, 1e-3, 0.1, 0.5, 1.0, 3.0, 10.0, 40.0, 85.0, 1e3, 1e6] {
        x.extend((0..2000).map(|_| r.float() * magnitude));
    }
    x
}

#[test]
fn unary_operations_are_within_four_units_of_the_last_place() {
    let x = samples();
    each_level(|level| {
        for op in Unary::ALL {
            let y = apply(Instr::Unary { op, dst: 2, a: 0 }, &x, &x);
            for (&x, &y) in x.iter().zip(&y) {
                let want = unary_reference(op, f64::from(x));
                let trig = matches!(op, Unary::Sin | Unary::Cos);
                // Near its zeros far from 0, and without fused steps, reduction leaves an absolute error.
                let near_zero = trig && (f64::from(y) - want).abs() < 1.2e-7;
                assert!(
                    ulps(y, want) <= 4.0 || near_zero,
                    "{level:?} {op:?}({x:e}) = {y:e}, wanted {want:e}"
                );
            }
        }
    });
}

#[test]
fn binary_operations_agree_with_their_meaning() {
    let mut r = Numbers::new(9);
    let (mut a, mut b) = (r.floats(3001), r.floats(3001));
    for x in SPECIAL {
        for y in SPECIAL {
            a.push(x);
            b.push(y);
        }
    }
    (0..50).for_each(|i| b[i] = a[i]);
    each_level(|level| {
        for op in Binary::ALL {
            let y = apply(
                Instr::Binary {
                    op,
                    dst: 2,
                    a: 0,
                    b: 1,
                },
                &a,
                &b,
            );
            for ((&a, &b), &y) in a.iter().zip(&b).zip(&y) {
                let want = binary_reference(op, f64::from(a), f64::from(b));
                let want = if want.abs() > f64::from(f32::MAX) {
                    f64::from(want as f32)
                } else {
                    want
                };
                // The standard library's arc tangent of two numbers is not the nearest float each time.
                let most = if op == Binary::Atan2 { 2.0 } else { 1.0 };
                assert!(
                    ulps(y, want) <= most,
                    "{level:?} {op:?}({a:e}, {b:e}) = {y:e}, wanted {want:e}"
                );
            }
        }
    });
}

#[test]
fn powers_by_quarters_are_within_five_units_of_the_last_place() {
    // Powers of these stay in range; zeros, infinities and negative numbers are special.
    let mut r = Numbers::new(13);
    let mut x = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        -2.5,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    for magnitude in [1e-6, 1e-2, 1.0, 30.0, 1e6] {
        x.extend((0..500).map(|_| r.float().abs() * magnitude));
    }
    x.retain(|x| *x == 0.0 || x.is_nan() || x.abs() >= 1e-9);
    each_level(|level| {
        for quarters in -7..8 {
            let power = quarters as f32 / 4.0;
            let powers = vec![power; x.len()];
            let op = Binary::Pow;
            let y = apply(
                Instr::Binary {
                    op,
                    dst: 2,
                    a: 0,
                    b: 1,
                },
                &x,
                &powers,
            );
            for (&x, &y) in x.iter().zip(&y) {
                let want = binary_reference(op, f64::from(x), f64::from(power));
                assert!(
                    ulps(y, want) <= 5.0,
                    "{level:?} {x:e} to the power {power} = {y:e}, wanted {want:e}"
                );
            }
        }
    });
}

#[test]
fn indexing_types_and_places_agree_with_a_loop() {
    each_level(|_| {
        let mut r = Numbers::new(10);
        for _ in 0..200 {
            let len = r.below(3000);
            let start = r.below(5000);
            let x = r.floats(len);
            let mask: Vec<u8> = (0..len).map(|_| r.below(256) as u8).collect();
            let most = [10, 100, 6000][r.below(3)];
            let (repeat, period) = (1 + r.below(4) * r.below(40), 1 + r.below(most));
            let cycle: Vec<i32> = (0..period).map(|_| r.below(1000) as i32 - 500).collect();
            let bias = r.floats(period);
            let scalar = [r.float()];
            let before = r.floats(len);
            let mut y = before.clone();
            let mut bytes = vec![0; len];
            let mut whole = vec![0; len];
            let load = |dst, input| Instr::Load { dst, input };
            let p = Program::new(
                vec![
                    load(0, 0),
                    load(1, 1),
                    Instr::Binary {
                        op: Binary::Mul,
                        dst: 0,
                        a: 0,
                        b: 1,
                    },
                    load(1, 2),
                    load(2, 3),
                    Instr::Fma {
                        dst: 0,
                        a: 1,
                        b: 2,
                        c: 0,
                    },
                    load(2, 4),
                    load(1, 5),
                    Instr::Binary {
                        op: Binary::Add,
                        dst: 2,
                        a: 2,
                        b: 1,
                    },
                    Instr::Const {
                        dst: 1,
                        value: 0.25,
                    },
                    Instr::Binary {
                        op: Binary::Lt,
                        dst: 1,
                        a: 0,
                        b: 1,
                    },
                    Instr::Select {
                        dst: 2,
                        cond: 1,
                        a: 2,
                        b: 0,
                    },
                    Instr::Store { output: 0, src: 2 },
                    Instr::Store { output: 1, src: 0 },
                    Instr::Store { output: 2, src: 0 },
                ],
                3,
                6,
                3,
            );
            let cyclic = Indexing::Cyclic { repeat, period };
            let inputs = [
                (Source::F32(&x), Indexing::Same),
                (Source::U8(&mask), Indexing::Same),
                (Source::I32(&cycle), cyclic),
                (Source::F32(&bias), cyclic),
                (Source::F32(&scalar), Indexing::Scalar),
                (Source::Output(0), Indexing::Same),
            ];
            let sinks = &mut [
                Sink::F32(&mut y),
                Sink::U8(&mut bytes),
                Sink::I32(&mut whole),
            ];
            run(&p, start, len, &inputs, sinks);
            for i in 0..len {
                let at = (start + i) / repeat % period;
                let v = f64::from(x[i] * f32::from(mask[i]))
                    + f64::from(cycle[at]) * f64::from(bias[at]);
                let want = if v < 0.25 {
                    f64::from(scalar[0] + before[i])
                } else {
                    v
                };
                assert!(
                    (f64::from(y[i]) - want).abs() < 1e-3,
                    "{i} of {len}: {} {want}",
                    y[i]
                );
                assert!(
                    (f64::from(whole[i]) - v).abs() < 1.001,
                    "{i}: {} {v}",
                    whole[i]
                );
                assert!(
                    (f64::from(bytes[i]) - v.clamp(0.0, 255.0)).abs() < 1.001,
                    "{i}: {} {v}",
                    bytes[i]
                );
            }
        }
    });
}

#[test]
#[should_panic(expected = "reads register 1 before it is written")]
fn a_program_that_reads_nothing_is_refused() {
    Program::new(
        vec![Instr::Unary {
            op: Unary::Neg,
            dst: 0,
            a: 1,
        }],
        2,
        0,
        0,
    );
}

/// Random programs on floats whose inputs are, at random, what an output held before: against one element at a time.
#[test]
fn outputs_in_place_are_read_before_they_are_written() {
    each_level(|_| {
        let mut r = Numbers::new(11);
        for _ in 0..300 {
            let (inputs, outputs, registers) = (1 + r.below(4), 1 + r.below(3), 2 + r.below(5));
            let mut instrs: Vec<Instr> = (0..registers)
                .map(|dst| Instr::Load {
                    dst: dst as u8,
                    input: r.below(inputs),
                })
                .collect();
            for _ in 0..r.below(12) {
                let mut register = || r.below(registers) as u8;
                let (dst, a, b) = (register(), register(), register());
                instrs.push(match r.below(4) {
                    0 => Instr::Load {
                        dst,
                        input: r.below(inputs),
                    },
                    1 => Instr::Store {
                        output: r.below(outputs),
                        src: a,
                    },
                    _ => Instr::Binary {
                        op: Binary::Add,
                        dst,
                        a,
                        b,
                    },
                });
            }
            for output in 0..outputs {
                let src = r.below(registers) as u8;
                instrs.push(Instr::Store { output, src });
            }
            let p = Program::new(instrs, registers, inputs, outputs);
            let len = r.below(1600);
            let given: Vec<Vec<f32>> = (0..inputs).map(|_| r.floats(len)).collect();
            let in_place: Vec<Option<usize>> = (0..inputs)
                .map(|_| (r.below(2) == 0).then(|| r.below(outputs)))
                .collect();
            let before: Vec<Vec<f32>> = (0..outputs).map(|_| r.floats(len)).collect();
            let mut wanted = before.clone();
            for i in 0..len {
                let mut at = vec![0.0; registers];
                let mut now: Vec<f32> = before.iter().map(|y| y[i]).collect();
                for &instr in p.instrs() {
                    match instr {
                        Instr::Load { dst, input } => {
                            at[usize::from(dst)] = match in_place[input] {
                                Some(output) => now[output],
                                None => given[input][i],
                            }
                        }
                        Instr::Store { output, src } => now[output] = at[usize::from(src)],
                        Instr::Binary { dst, a, b, .. } => {
                            at[usize::from(dst)] = at[usize::from(a)] + at[usize::from(b)];
                        }
                        _ => unreachable!("not made above"),
                    }
                }
                for (wanted, now) in wanted.iter_mut().zip(now) {
                    wanted[i] = now;
                }
            }
            let sources: Vec<_> = (0..inputs)
                .map(|i| match in_place[i] {
                    Some(output) => (Source::Output(output), Indexing::Same),
                    None => (Source::F32(&given[i]), Indexing::Same),
                })
                .collect();
            let mut got = before;
            let mut sinks: Vec<_> = got.iter_mut().map(|y| Sink::F32(y)).collect();
            run(&p, 0, len, &sources, &mut sinks);
            assert_eq!(got, wanted, "{p:?}");
        }
    });
}

fn binary(op: Binary, dst: u8, a: u8, b: u8) -> Instr {
    Instr::Binary { op, dst, a, b }
}

fn unary(op: Unary, dst: u8, a: u8) -> Instr {
    Instr::Unary { op, dst, a }
}

fn load(dst: u8, input: usize) -> Instr {
    Instr::Load { dst, input }
}

fn constant(dst: u8, value: f32) -> Instr {
    Instr::Const { dst, value }
}

fn store(output: usize, src: u8) -> Instr {
    Instr::Store { output, src }
}

/// `to + (new − to) · share`, in register 3 of `new` and `to` in 0 and 1.
fn towards(share: f32) -> [Instr; 4] {
    [
        binary(Binary::Sub, 2, 0, 1),
        constant(3, share),
        binary(Binary::Mul, 2, 2, 3),
        binary(Binary::Add, 3, 1, 2),
    ]
}

/// Adam's step of inputs gradient, momentum, velocity, rate, weight (and decay), in an order of its own.
fn adam(decay: bool) -> Vec<Instr> {
    let mut code = vec![load(0, 0), load(1, 1)];
    code.extend(towards(0.1));
    code.extend([store(0, 3), load(4, 3), binary(Binary::Mul, 5, 3, 4)]);
    code.extend([unary(Unary::Square, 0, 0), load(1, 2)]);
    code.extend(towards(0.01));
    code.extend([store(1, 3), unary(Unary::Sqrt, 0, 3), constant(1, 1e-3)]);
    code.extend([binary(Binary::Add, 0, 0, 1), binary(Binary::Div, 0, 5, 0)]);
    code.push(load(1, 4));
    if decay {
        code.extend([load(2, 5), binary(Binary::Mul, 2, 1, 2)]);
        code.push(binary(Binary::Sub, 1, 1, 2));
    }
    code.extend([binary(Binary::Sub, 0, 1, 0), store(2, 0)]);
    code
}

/// Inputs gradient, momentum, rate, weight.
fn momentum() -> Vec<Instr> {
    vec![
        load(0, 1),
        constant(1, 0.9),
        binary(Binary::Mul, 0, 0, 1),
        load(1, 0),
        load(2, 2),
        binary(Binary::Mul, 1, 1, 2),
        binary(Binary::Sub, 0, 0, 1),
        store(0, 0),
        load(3, 3),
        binary(Binary::Add, 0, 3, 0),
        store(1, 0),
    ]
}

/// Programs that are compiled, in place and not, against the same that are not because of an output that nobody needs.
#[test]
fn compiled_programs_give_the_same_bits() {
    let cases: [(Vec<Instr>, &[usize], usize, usize); 3] = [
        (adam(false), &[3], 5, 3),
        (adam(true), &[3, 5], 6, 3),
        (momentum(), &[2], 4, 2),
    ];
    each_level(|_| {
        let mut r = Numbers::new(12);
        for (code, scalars, inputs, outputs) in &cases {
            let p = Program::new(code.clone(), 6, *inputs, *outputs);
            assert!(p.is_compiled(), "{code:?}");
            let mut longer = code.clone();
            longer.push(store(*outputs, 0));
            let plain = Program::new(longer, 6, *inputs, outputs + 1);
            assert!(!plain.is_compiled());
            for len in [0, 1, 15, 16, 17, 512, 513, 1000, 3001] {
                let given: Vec<Vec<f32>> = (0..*inputs)
                    .map(|i| {
                        let n = if scalars.contains(&i) { 1 } else { len };
                        r.floats(n).iter().map(|x| x.abs()).collect()
                    })
                    .collect();
                for in_place in [false, true] {
                    // Momentum is the first output, velocity the second: inputs 1 and 2.
                    let sources = || -> Vec<(Source<'_>, Indexing)> {
                        let source = |i: usize| match (i, scalars.contains(&i)) {
                            (_, true) => (Source::F32(&given[i]), Indexing::Scalar),
                            (1 | 2, _) if in_place => (Source::Output(i - 1), Indexing::Same),
                            _ => (Source::F32(&given[i]), Indexing::Same),
                        };
                        (0..*inputs).map(source).collect()
                    };
                    let run = |p: &Program| {
                        let mut y: Vec<Vec<f32>> = vec![vec![0.5; len]; p.outputs()];
                        if in_place {
                            y[0].clone_from(&given[1]);
                            if !scalars.contains(&2) {
                                y[1].clone_from(&given[2]);
                            }
                        }
                        let mut sinks: Vec<_> = y.iter_mut().map(|y| Sink::F32(y)).collect();
                        run(p, 0, len, &sources(), &mut sinks);
                        y.truncate(*outputs);
                        y
                    };
                    assert_eq!(run(&p), run(&plain), "{len} elements, in place {in_place}");
                }
            }
        }
    });
}

/// A formula that is a chain's, but whose input in place is read after it was written.
#[test]
fn a_program_that_reads_what_it_stored_is_not_run_as_a_chain() {
    let mut code = momentum();
    let weight = code.iter().position(|i| *i == load(3, 3)).expect("loaded");
    assert!(matches!(code[weight - 1], Instr::Store { .. }));
    let p = Program::new(std::mem::take(&mut code), 6, 4, 2);
    let rate = [0.5_f32];
    let gradient = [1.0_f32; 40];
    let past = [2.0_f32; 40];
    let (mut v, mut w) = (vec![7.0_f32; 40], vec![0.0_f32; 40]);
    let inputs = [
        (Source::F32(&gradient[..]), Indexing::Same),
        (Source::F32(&past[..]), Indexing::Same),
        (Source::F32(&rate[..]), Indexing::Scalar),
        (Source::Output(0), Indexing::Same),
    ];
    run(
        &p,
        0,
        40,
        &inputs,
        &mut [Sink::F32(&mut v), Sink::F32(&mut w)],
    );
    let new = 2.0 * 0.9 - 0.5;
    assert!(v.iter().all(|&v| v == new) && w.iter().all(|&w| w == new + new));
}
