//! One image: a ground, clutter, the figure, more clutter, light and noise, in that order.

use super::figure::{Figure, Frame};
use super::random::{Random, direction};

/// The height and the width of an image.
pub(super) const SIDE: usize = 32;

type Colour = [f32; 3];

/// Paints an image of the class `label` on `out`, `[SIDE, SIDE, 3]`.
pub(super) fn paint(label: usize, random: &mut Random, out: &mut [u8]) {
    let mut canvas = Canvas {
        pixels: [[0.0; 3]; SIDE * SIDE],
    };
    // Most things are lighter than what is behind them, so that even a linear model learns a little.
    let (behind, before) = if random.chance(0.85) {
        (DARK, LIGHT)
    } else {
        (LIGHT, DARK)
    };
    let ground = canvas.ground(behind, random);
    for _ in 0..2 + random.below(4) {
        canvas.clutter(random, 0.9);
    }
    canvas.figure(label, before, ground, random);
    for _ in 0..random.below(3) {
        canvas.clutter(random, 0.5);
    }
    canvas.develop(random, out);
}

struct Canvas {
    pixels: [Colour; SIDE * SIDE],
}

impl Canvas {
    /// Blends over each pixel no farther than `reach` from `centre`, along either axis, the colour that `at` gives for
    /// it, as far as it is covered.
    fn blend(&mut self, centre: (f32, f32), reach: f32, at: impl Fn(f32, f32) -> (f32, Colour)) {
        let span = |middle: f32| {
            let limit = |x: f32| x.clamp(0.0, SIDE as f32) as usize;
            limit((middle - reach).floor())..limit((middle + reach).ceil())
        };
        for y in span(centre.1) {
            for x in span(centre.0) {
                let (coverage, colour) = at(x as f32 + 0.5, y as f32 + 0.5);
                if coverage > 0.0 {
                    let pixel = &mut self.pixels[y * SIDE + x];
                    *pixel = mix(*pixel, colour, coverage);
                }
            }
        }
    }

    /// Two colours that run into each other, under a smooth texture; returns their mean.
    fn ground(&mut self, tone: Tone, random: &mut Random) -> Colour {
        const KNOTS: usize = 8;
        let (from, to) = (tone.colour(random), tone.colour(random));
        let to = mix(from, to, random.range(0.2, 0.9));
        let (dx, dy) = direction(random.unit());
        let knots: [f32; KNOTS * KNOTS] = std::array::from_fn(|_| random.range(-1.0, 1.0));
        let spacing = random.range(4.6, 12.0);
        let strength = random.range(0.0, 0.22);
        let tint = [0, 1, 2].map(|_| random.range(0.5, 1.0) * strength);
        self.blend((16.0, 16.0), 16.0, |x, y| {
            let along = ((x - 16.0) * dx + (y - 16.0) * dy) / 32.0 + 0.5;
            let noise = smooth(&knots, KNOTS, x / spacing, y / spacing);
            let mut colour = mix(from, to, along.clamp(0.0, 1.0));
            colour
                .iter_mut()
                .zip(tint)
                .for_each(|(c, t)| *c += t * noise);
            (1.0, colour)
        });
        mix(from, to, 0.5)
    }

    /// A stroke or a blob anywhere.
    fn clutter(&mut self, random: &mut Random, opacity: f32) {
        let (x, y) = (random.range(-2.0, 34.0), random.range(-2.0, 34.0));
        let turns = random.unit();
        let frame = Frame::new(x, y, turns, (1.0, 1.0));
        let colour = ANY.colour(random);
        let opacity = random.range(0.4, 1.0) * opacity;
        let (length, width) = if random.chance(0.6) {
            (random.range(4.0, 14.0), random.range(0.4, 1.1))
        } else {
            (random.range(0.0, 1.5), random.range(1.0, 2.8))
        };
        self.blend((x, y), 0.5 * length + width + 1.0, |x, y| {
            let (x, y) = frame.place(x, y);
            let beyond = (x.abs() - length / 2.0).max(0.0);
            let distance = (beyond * beyond + y * y).sqrt() - width;
            (opacity * frame.coverage(distance), colour)
        });
    }

    /// The figure the image is named after.
    fn figure(&mut self, label: usize, tone: Tone, ground: Colour, random: &mut Random) {
        let figure = Figure::new(label, random);
        let radius = if figure.is_texture() {
            random.range(9.0, 14.0)
        } else {
            random.range(6.5, 12.5)
        };
        let room = 0.65 * (16.0 - radius.min(13.0));
        let (x, y) = (
            16.0 + random.range(-room, room),
            16.0 + random.range(-room, room),
        );
        let stretch = random.range(0.85, 1.0);
        let turns = 0.13 * (random.unit() + random.unit() - 1.0);
        let frame = Frame::new(x, y, turns, (radius, radius * stretch));
        let first = contrasting(random, tone, ground, 0.3);
        let second = contrasting(random, ANY, first, 0.35);
        let opacity = random.range(0.75, 1.0);
        let (lx, ly) = direction(random.unit());
        let light = random.range(0.0, 0.35);
        // No figure reaches farther than a square patch with sharp corners.
        self.blend((x, y), 1.3 * radius + 1.0, |x, y| {
            let (u, v) = frame.place(x, y);
            let point = figure.at(u, v);
            let shade = 1.0 + light * (u * lx + v * ly);
            let colour = mix(first, second, frame.coverage(point.second)).map(|c| c * shade);
            (opacity * frame.coverage(point.outline), colour)
        });
    }

    /// Light from one side, noise, and bytes.
    fn develop(&self, random: &mut Random, out: &mut [u8]) {
        let (dx, dy) = direction(random.unit());
        let slope = random.range(0.0, 0.5);
        let gain = random.range(0.7, 1.15);
        let grain = random.range(0.01, 0.085);
        for (i, (pixel, bytes)) in self.pixels.iter().zip(out.chunks_exact_mut(3)).enumerate() {
            let (x, y) = (
                (i % SIDE) as f32 / 16.0 - 1.0,
                (i / SIDE) as f32 / 16.0 - 1.0,
            );
            let light = gain * (1.0 + slope * (x * dx + y * dy));
            let bits = random.bits();
            for (c, byte) in bytes.iter_mut().enumerate() {
                // The sum of two even spreads of ten bits each: a triangle of variance one sixth about zero.
                let pair = bits >> (20 * c);
                let noise = ((pair & 1023) + ((pair >> 10) & 1023)) as f32 / 1023.0 - 1.0;
                let value = pixel[c] * light + grain * 2.45 * noise;
                *byte = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
    }
}

fn mix(a: Colour, b: Colour, t: f32) -> Colour {
    [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * t)
}

/// The range that the three parts of a colour are drawn from.
#[derive(Clone, Copy)]
struct Tone(f32, f32);

const DARK: Tone = Tone(0.03, 0.6);
const LIGHT: Tone = Tone(0.4, 0.97);
const ANY: Tone = Tone(0.05, 0.95);

impl Tone {
    fn colour(self, random: &mut Random) -> Colour {
        [0, 1, 2].map(|_| random.range(self.0, self.1))
    }
}

/// A colour of this tone at least `distance` from `other`, or the farthest of eight tries.
fn contrasting(random: &mut Random, tone: Tone, other: Colour, distance: f32) -> Colour {
    let far = |c: &Colour| {
        c.iter()
            .zip(other)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>()
    };
    let mut best = tone.colour(random);
    for _ in 0..7 {
        if far(&best) >= distance * distance {
            break;
        }
        let next = tone.colour(random);
        if far(&next) > far(&best) {
            best = next;
        }
    }
    best
}

/// The value at (x, y) of a grid of knots, without corners between them.
fn smooth(knots: &[f32], side: usize, x: f32, y: f32) -> f32 {
    let (i, j) = (x as usize % side, y as usize % side);
    let (i1, j1) = ((i + 1) % side, (j + 1) % side);
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (u, v) = (ease(x - x.floor()), ease(y - y.floor()));
    let row = |j: usize| knots[j * side + i] + (knots[j * side + i1] - knots[j * side + i]) * u;
    row(j) + (row(j1) - row(j)) * v
}
