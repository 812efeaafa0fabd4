//! Random streams: every element from its definition, the same at every level and for every cut, and well distributed.

mod against;

use against::{Numbers, each_level};
use cornu_kernels::random::*;

const STREAM: Stream = Stream {
    seed: 0x0123_4567_89AB_CDEF,
    step: 0x5_0000_0003,
    stream: 42,
};

/// Word `e % 64` of group `e / 64`, straight from the generator.
fn word(s: &Stream, e: u64) -> u32 {
    let block = (e / 64 * 16 + e % 16) as u32;
    let counter = [block, s.stream, s.step as u32, (s.step >> 32) as u32];
    philox(counter, [s.seed as u32, (s.seed >> 32) as u32])[(e % 64 / 16) as usize]
}

#[test]
fn every_element_follows_from_its_index_alone() {
    each_level(|_| {
        let mut r = Numbers::new(11);
        for _ in 0..100 {
            let (start, len) = (r.below(1000) as u64, r.below(700));
            let mut words = vec![0; len];
            bits(&STREAM, start, &mut words);
            let mut fractions = vec![0.0; len];
            uniform(&STREAM, start, &mut fractions);
            let threshold = [0, 1, 16384, 49152, 65535, 65536][r.below(6)];
            let mut coins = vec![7; len];
            bernoulli(&STREAM, start, threshold, &mut coins);
            for i in 0..len {
                let e = start + i as u64;
                assert_eq!(words[i], word(&STREAM, e), "{e}");
                assert_eq!(fractions[i], (words[i] >> 8) as f32 / 16_777_216.0, "{e}");
                let half = word(&STREAM, e / 128 * 64 + e % 64) >> (16 * (e % 128 / 64)) & 0xFFFF;
                assert_eq!(
                    coins[i],
                    u8::from(half < threshold),
                    "{e} below {threshold}"
                );
            }
        }
    });
}

#[test]
fn any_cut_gives_the_same_normal_numbers_and_they_are_normal() {
    each_level(|_| {
        let mut all = vec![0.0; 100_000];
        normal(&STREAM, 0, &mut all);
        let mut r = Numbers::new(12);
        for _ in 0..50 {
            let (start, len) = (r.below(99_000), r.below(1000));
            let mut part = vec![0.0; len];
            normal(&STREAM, start as u64, &mut part);
            assert_eq!(part, all[start..start + len]);
        }
        let moment =
            |k: i32| all.iter().map(|&x| f64::from(x).powi(k)).sum::<f64>() / all.len() as f64;
        assert!(
            moment(1).abs() < 0.015 && (moment(2) - 1.0).abs() < 0.02,
            "{} {}",
            moment(1),
            moment(2)
        );
        assert!(
            moment(3).abs() < 0.06 && (moment(4) - 3.0).abs() < 0.15,
            "{} {}",
            moment(3),
            moment(4)
        );
        let pairs: f64 = (0..99_984)
            .map(|i| f64::from(all[i]) * f64::from(all[i + 16]))
            .sum();
        assert!(
            (pairs / 99_984.0).abs() < 0.015,
            "neighbours of a pair are related: {pairs}"
        );
    });
}

#[test]
#[should_panic(expected = "random: a stream has 2^28 groups")]
fn the_end_of_a_stream_is_refused() {
    bits(&STREAM, u64::MAX - 3, &mut [0; 8]);
}
