//! Hashes of bytes that are the same on every machine and in Keras: FarmHash's fingerprint, and SipHash where there is a key.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

/// Into which of so many bins bytes fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bins {
    /// How many there are.
    pub count: u32,
    /// The key of SipHash-2-4; without it, FarmHash's 64-bit fingerprint is taken.
    pub key: Option<[u64; 2]>,
}

impl Bins {
    /// The bin of bytes.
    pub fn of(&self, bytes: &[u8]) -> u32 {
        let hash = match self.key {
            None => fingerprint(bytes),
            Some([a, b]) => {
                let mut hasher = SipHasher24::new_with_keys(a, b);
                hasher.write(bytes);
                hasher.finish()
            }
        };
        (hash % u64::from(self.count.max(1))) as u32
    }

    /// The bin of a number, which is that of its digits.
    pub fn of_number(&self, number: i64) -> u32 {
        self.of(number.to_string().as_bytes())
    }
}

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

fn word(s: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&s[at..at + 8]);
    u64::from_le_bytes(bytes)
}

fn half(s: &[u8], at: usize) -> u64 {
    u64::from(u32::from_le_bytes([s[at], s[at + 1], s[at + 2], s[at + 3]]))
}

fn shift_mix(x: u64) -> u64 {
    x ^ (x >> 47)
}

fn mix(u: u64, v: u64, mul: u64) -> u64 {
    let a = shift_mix((u ^ v).wrapping_mul(mul));
    shift_mix((v ^ a).wrapping_mul(mul)).wrapping_mul(mul)
}

/// FarmHash's `Fingerprint64`, which stays what it is.
///
/// # Source
/// Geoff Pike, FarmHash, 2014, `farmhashna::Hash64`.
pub fn fingerprint(s: &[u8]) -> u64 {
    let n = s.len();
    let mul = K2.wrapping_add(2 * n as u64);
    match n {
        0 => K2,
        1..=3 => {
            let y = u64::from(s[0]) + (u64::from(s[n >> 1]) << 8);
            let z = n as u64 + (u64::from(s[n - 1]) << 2);
            shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2)
        }
        4..=7 => mix(n as u64 + (half(s, 0) << 3), half(s, n - 4), mul),
        8..=16 => {
            let (a, b) = (word(s, 0).wrapping_add(K2), word(s, n - 8));
            let c = b.rotate_right(37).wrapping_mul(mul).wrapping_add(a);
            let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(mul);
            mix(c, d, mul)
        }
        17..=32 => {
            let (a, b) = (word(s, 0).wrapping_mul(K1), word(s, 8));
            let (c, d) = (
                word(s, n - 8).wrapping_mul(mul),
                word(s, n - 16).wrapping_mul(K2),
            );
            mix(first(a, b, c, d), second(a, b, c), mul)
        }
        33..=64 => {
            let (a, b) = (word(s, 0).wrapping_mul(K2), word(s, 8));
            let (c, d) = (
                word(s, n - 8).wrapping_mul(mul),
                word(s, n - 16).wrapping_mul(K2),
            );
            let y = first(a, b, c, d);
            let z = mix(y, second(a, b, c), mul);
            let (e, f) = (word(s, 16).wrapping_mul(mul), word(s, 24));
            let g = y.wrapping_add(word(s, n - 32)).wrapping_mul(mul);
            let h = z.wrapping_add(word(s, n - 24)).wrapping_mul(mul);
            let low = e
                .wrapping_add(f.wrapping_add(a).rotate_right(18))
                .wrapping_add(g);
            mix(first(e, f, g, h), low, mul)
        }
        _ => long(s),
    }
}

fn first(a: u64, b: u64, c: u64, d: u64) -> u64 {
    a.wrapping_add(b)
        .rotate_right(43)
        .wrapping_add(c.rotate_right(30))
        .wrapping_add(d)
}

fn second(a: u64, b: u64, c: u64) -> u64 {
    a.wrapping_add(b.wrapping_add(K2).rotate_right(18))
        .wrapping_add(c)
}

/// 32 bytes from `at` and two seeds.
fn weak(s: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let [w, x, y, z] = [0, 8, 16, 24].map(|i| word(s, at + i));
    let a = a.wrapping_add(w);
    let b = b.wrapping_add(a).wrapping_add(z).rotate_right(21);
    let sum = a.wrapping_add(x).wrapping_add(y);
    let b = b.wrapping_add(sum.rotate_right(44));
    (sum.wrapping_add(z), b.wrapping_add(a))
}

/// The state of the hash of long texts, 64 bytes at a time.
struct Long {
    x: u64,
    y: u64,
    z: u64,
    v: (u64, u64),
    w: (u64, u64),
}

impl Long {
    /// Takes in the 64 bytes from `at`; the last ones with another multiplier and weight.
    fn take(&mut self, s: &[u8], at: usize, mul: u64, weight: u64) {
        let Self { x, y, z, v, w } = self;
        *x = x
            .wrapping_add(*y)
            .wrapping_add(v.0)
            .wrapping_add(word(s, at + 8))
            .rotate_right(37)
            .wrapping_mul(mul);
        *y = y
            .wrapping_add(v.1)
            .wrapping_add(word(s, at + 48))
            .rotate_right(42)
            .wrapping_mul(mul);
        *x ^= w.1.wrapping_mul(weight);
        *y = y
            .wrapping_add(v.0.wrapping_mul(weight))
            .wrapping_add(word(s, at + 40));
        *z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(mul);
        *v = weak(s, at, v.1.wrapping_mul(mul), x.wrapping_add(w.0));
        *w = weak(
            s,
            at + 32,
            z.wrapping_add(w.1),
            y.wrapping_add(word(s, at + 16)),
        );
        std::mem::swap(z, x);
    }
}

fn long(s: &[u8]) -> u64 {
    const SEED: u64 = 81;
    let n = s.len();
    let y = SEED.wrapping_mul(K1).wrapping_add(113);
    let mut state = Long {
        x: SEED.wrapping_mul(K2).wrapping_add(word(s, 0)),
        y,
        z: shift_mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2),
        v: (0, 0),
        w: (0, 0),
    };
    for at in (0..(n - 1) / 64 * 64).step_by(64) {
        state.take(s, at, K1, 1);
    }
    let mul = K1.wrapping_add((state.z & 0xff) << 1);
    state.w.0 = state.w.0.wrapping_add(((n - 1) & 63) as u64);
    state.v.0 = state.v.0.wrapping_add(state.w.0);
    state.w.0 = state.w.0.wrapping_add(state.v.0);
    state.take(s, n - 64, mul, 9);
    let Long { x, y, z, v, w } = state;
    mix(
        mix(v.0, w.0, mul)
            .wrapping_add(shift_mix(y).wrapping_mul(K0))
            .wrapping_add(z),
        mix(v.1, w.1, mul).wrapping_add(x),
        mul,
    )
}

/// Two fingerprints as one, in an order that counts: TensorFlow's `FingerprintCat64`.
pub fn join(a: u64, b: u64) -> u64 {
    const MUL: u64 = 0xc6a4_a793_5bd1_e995;
    let mixed = (a ^ MUL) ^ shift_mix(b.wrapping_mul(MUL)).wrapping_mul(MUL);
    let mixed = shift_mix(mixed.wrapping_mul(MUL)).wrapping_mul(MUL);
    shift_mix(mixed)
}
