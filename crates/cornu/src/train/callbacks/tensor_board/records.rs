//! The files that TensorBoard reads: one record after another, each a length, its check sum, an `Event` of protocol buffers, and its check
//! sum.
//!
//! A field of a protocol buffer is a number (`field · 8 + kind`) and its value: kind 0 a whole number of 7 bits a byte, 1 eight bytes, 2 a
//! length and that many bytes, 5 four bytes.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::Result;
use crate::files::io_error;

/// Seconds since 1970.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |d| d.as_secs_f64())
}

/// A message of protocol buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(mut self, mut x: u64) -> Self {
        while x >= 128 {
            self.0.push(x as u8 | 128);
            x >>= 7;
        }
        self.0.push(x as u8);
        self
    }

    fn key(self, field: u8, kind: u8) -> Self {
        self.number(u64::from(field << 3 | kind))
    }

    fn whole(self, field: u8, x: u64) -> Self {
        self.key(field, 0).number(x)
    }

    fn double(mut self, field: u8, x: f64) -> Self {
        self = self.key(field, 1);
        self.0.extend(x.to_le_bytes());
        self
    }

    fn float(mut self, field: u8, x: f32) -> Self {
        self = self.key(field, 5);
        self.0.extend(x.to_le_bytes());
        self
    }

    fn bytes(mut self, field: u8, x: &[u8]) -> Self {
        self = self.key(field, 2).number(x.len() as u64);
        self.0.extend(x);
        self
    }

    fn doubles(self, field: u8, x: &[f64]) -> Self {
        let all: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.bytes(field, &all)
    }
}

/// How many numbers fall between limits.
#[derive(Debug)]
pub(super) struct Histogram {
    min: f64,
    max: f64,
    count: f64,
    sum: f64,
    squares: f64,
    limits: Vec<f64>,
    counts: Vec<f64>,
}

impl Histogram {
    /// Of numbers, in 30 parts of one width, as Keras draws them.
    pub(super) fn of(x: &[f32]) -> Self {
        const PARTS: usize = 30;
        let finite = || x.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v));
        let min = finite().fold(f64::INFINITY, f64::min);
        let max = finite().fold(f64::NEG_INFINITY, f64::max);
        let (min, max) = if min <= max { (min, max) } else { (0.0, 0.0) };
        let width = ((max - min) / PARTS as f64).max(f64::MIN_POSITIVE);
        let mut counts = vec![0.0; PARTS];
        for v in finite() {
            let part = ((v - min) / width) as usize;
            counts[part.min(PARTS - 1)] += 1.0;
        }
        Self {
            min,
            max,
            count: finite().count() as f64,
            sum: finite().sum(),
            squares: finite().map(|v| v * v).sum(),
            limits: (1..=PARTS).map(|i| min + width * i as f64).collect(),
            counts,
        }
    }

    fn message(&self) -> Message {
        Message::default()
            .double(1, self.min)
            .double(2, self.max)
            .double(3, self.count)
            .double(4, self.sum)
            .double(5, self.squares)
            .doubles(6, &self.limits)
            .doubles(7, &self.counts)
    }
}

/// A file of records.
#[derive(Debug)]
pub(super) struct Records {
    path: PathBuf,
    file: File,
    /// What is not written yet.
    waiting: Vec<u8>,
}

impl Records {
    /// Begins a file of its own in a folder.
    pub(super) fn begin(folder: &Path) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(folder).map_err(|e| io_error(folder, "make the folder", &e))?;
        let (seconds, process) = (now() as u64, std::process::id());
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(
            "events.out.tfevents.{seconds}.cornu.{process}.{number}.v2"
        ));
        let file = OpenOptions::new().create_new(true).append(true).open(&path);
        let file = file.map_err(|e| io_error(&path, "make the file", &e))?;
        let mut records = Self {
            path,
            file,
            waiting: Vec::new(),
        };
        records.add(
            &Message::default()
                .double(1, now())
                .bytes(3, b"brain.Event:2"),
        );
        Ok(records)
    }

    /// A number at a step.
    pub(super) fn scalar(&mut self, tag: &str, value: f64, step: u64) {
        let value = Message::default()
            .bytes(1, tag.as_bytes())
            .float(2, value as f32);
        self.value(value, step);
    }

    /// A histogram at a step.
    pub(super) fn histogram(&mut self, tag: &str, histogram: &Histogram, step: u64) {
        let value = Message::default().bytes(1, tag.as_bytes());
        self.value(value.bytes(5, &histogram.message().0), step);
    }

    fn value(&mut self, value: Message, step: u64) {
        let summary = Message::default().bytes(1, &value.0);
        let event = Message::default().double(1, now()).whole(2, step);
        self.add(&event.bytes(5, &summary.0));
    }

    fn add(&mut self, event: &Message) {
        let length = (event.0.len() as u64).to_le_bytes();
        let parts = [&length[..], &masked(&length), &event.0, &masked(&event.0)];
        self.waiting.extend(parts.concat());
    }

    /// Writes what is waiting.
    pub(super) fn flush(&mut self) -> Result<()> {
        let written = self.file.write_all(&self.waiting);
        self.waiting.clear();
        written.map_err(|e| io_error(&self.path, "write the file", &e))
    }
}

/// The check sum of a record's part: CRC-32C, turned and shifted so that a check sum of check sums is no special case.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let sum = crc32c(bytes);
    let turned = sum.rotate_right(15).wrapping_add(0xa282_ead8);
    turned.to_le_bytes()
}

/// CRC-32 with Castagnoli's polynomial, bit by bit: records are short.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| {
            (c >> 1) ^ (0x82f6_3b78 & (c & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_castagnolis() {
        // RFC 3720, B.4.
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
    }

    #[test]
    fn numbers_take_seven_bits_a_byte() {
        assert_eq!(Message::default().whole(2, 300).0, [16, 0xac, 2]);
        assert_eq!(Message::default().bytes(1, b"ab").0, [10, 2, b'a', b'b']);
    }

    #[test]
    fn a_histogram_counts_each_number_once() {
        let h = Histogram::of(&[-1.0, 0.0, 0.0, 2.0, f32::NAN]);
        assert_eq!(
            (h.min, h.max, h.count, h.sum, h.squares),
            (-1.0, 2.0, 4.0, 1.0, 5.0)
        );
        assert_eq!(h.counts.iter().sum::<f64>(), 4.0);
        assert_eq!((h.counts[0], h.counts[10], h.counts[29]), (1.0, 2.0, 1.0));
        assert!((h.limits[29] - 2.0).abs() < 1e-12);
        // All equal, or none at all.
        assert_eq!(Histogram::of(&[3.0, 3.0]).counts[0], 2.0);
        assert_eq!(Histogram::of(&[]).count, 0.0);
    }
}
