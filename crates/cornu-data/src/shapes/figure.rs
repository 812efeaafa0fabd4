//! The ten kinds of figures as formulas: how far a point is from the outline, and which of two colours it has.

use super::random::{Random, direction};

/// The names of the kinds, in the order of their labels.
pub(super) const NAMES: [&str; 10] = [
    "disc",
    "ring",
    "square",
    "triangle",
    "star",
    "cross",
    "crescent",
    "stripes",
    "checkerboard",
    "dots",
];

/// A figure about the origin with a radius near one.
pub(super) struct Figure {
    kind: Kind,
    /// The outline of a texture: 0 is a disc, 1 a square, and between them a square with round corners.
    patch: f32,
    /// A number that varies the kind: a thickness, a period, an inner radius.
    variant: f32,
    phase: (f32, f32),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Disc,
    Ring,
    Square,
    Triangle,
    Star,
    Cross,
    Crescent,
    Stripes,
    Checkerboard,
    Dots,
}

/// The kinds in the order of their labels.
const KINDS: [Kind; 10] = [
    Kind::Disc,
    Kind::Ring,
    Kind::Square,
    Kind::Triangle,
    Kind::Star,
    Kind::Cross,
    Kind::Crescent,
    Kind::Stripes,
    Kind::Checkerboard,
    Kind::Dots,
];

/// What there is at a point.
pub(super) struct Point {
    /// Distance to the outline, negative inside.
    pub(super) outline: f32,
    /// Distance to where the second colour begins, negative where it is; far away for figures of one colour.
    pub(super) second: f32,
}

impl Figure {
    /// A figure of the class `label`, which is below ten.
    pub(super) fn new(label: usize, random: &mut Random) -> Self {
        let kind = KINDS[label];
        let (low, high) = match kind {
            Kind::Ring => (0.16, 0.3),
            Kind::Star => (0.38, 0.5),
            Kind::Cross => (0.24, 0.36),
            Kind::Crescent => (0.4, 0.65),
            Kind::Stripes => (0.4, 0.75),
            Kind::Checkerboard => (0.38, 0.6),
            Kind::Dots => (0.55, 0.8),
            Kind::Disc | Kind::Square | Kind::Triangle => (0.0, 1.0),
        };
        Self {
            kind,
            patch: random.unit(),
            variant: random.range(low, high),
            phase: (random.unit(), random.unit()),
        }
    }

    /// Whether it is a texture, which has two colours.
    pub(super) fn is_texture(&self) -> bool {
        matches!(self.kind, Kind::Stripes | Kind::Checkerboard | Kind::Dots)
    }

    /// What there is at (x, y).
    pub(super) fn at(&self, x: f32, y: f32) -> Point {
        let v = self.variant;
        let plain = |outline| Point {
            outline,
            second: 9.0,
        };
        match self.kind {
            Kind::Disc => plain(length(x, y) - 0.92),
            Kind::Ring => plain((length(x, y) - 0.98 + v).abs() - v),
            Kind::Square => plain(rectangle(x, y, 0.82, 0.82)),
            Kind::Triangle => {
                let slanted = 0.866_025_4 * x.abs() + 0.5 * y;
                plain(slanted.max(-y) - 0.56)
            }
            Kind::Star => plain(star(x, y, v)),
            Kind::Cross => plain(rectangle(x, y, 1.0, v).min(rectangle(x, y, v, 1.0))),
            Kind::Crescent => plain((length(x, y) - 1.0).max(0.88 - length(x - v, y))),
            Kind::Stripes => Point {
                outline: self.patch(x, y),
                second: band(x / v + self.phase.0) * v,
            },
            Kind::Checkerboard => {
                let (a, b) = (
                    band((x / v + self.phase.0) * 0.5) * 2.0,
                    band((y / v + self.phase.1) * 0.5) * 2.0,
                );
                let near = a.abs().min(b.abs());
                Point {
                    outline: self.patch(x, y),
                    second: v * if (a < 0.0) == (b < 0.0) { near } else { -near },
                }
            }
            Kind::Dots => {
                let cell = |x: f32| x - x.floor() - 0.5;
                let (a, b) = (cell(x / v + self.phase.0), cell(y / v + self.phase.1));
                Point {
                    outline: self.patch(x, y),
                    second: (length(a, b) - 0.3) * v,
                }
            }
        }
    }

    /// The outline of a texture's patch.
    fn patch(&self, x: f32, y: f32) -> f32 {
        let corner = 1.0 - self.patch;
        let half = 0.98 - 0.1 * self.patch;
        rectangle(x, y, half - corner, half - corner) - corner
    }
}

fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Distance to a rectangle with these half sides.
fn rectangle(x: f32, y: f32, half_width: f32, half_height: f32) -> f32 {
    let (dx, dy) = (x.abs() - half_width, y.abs() - half_height);
    length(dx.max(0.0), dy.max(0.0)) + dx.max(dy).min(0.0)
}

/// Distance to where alternate halves of every unit begin: negative in the first half.
fn band(x: f32) -> f32 {
    0.25 - (x - x.floor() - 0.5).abs()
}

/// Distance to the nearest edge of a star of five points; three mirrors fold all ten edges on one.
fn star(x: f32, y: f32, inner: f32) -> f32 {
    const COS: f32 = 0.809_017;
    const SIN: f32 = 0.587_785_25;
    let (mut x, mut y) = (x.abs(), y);
    for normal in [(COS, -SIN), (-COS, -SIN)] {
        let over = 2.0 * (normal.0 * x + normal.1 * y).max(0.0);
        (x, y) = (x - over * normal.0, y - over * normal.1);
    }
    x = x.abs();
    // The edge runs from the tip (0, 1) to the notch at a tenth of a turn.
    let (sin, cos) = (SIN, COS);
    let (ex, ey) = (inner * sin, inner * cos - 1.0);
    (-ey * x + ex * (y - 1.0)) / length(ex, ey)
}

/// A frame that a figure or a stroke is drawn in: moved, turned and stretched.
pub(super) struct Frame {
    x: f32,
    y: f32,
    cos: f32,
    sin: f32,
    /// Pixels for a unit of the frame, along its two axes.
    scale: (f32, f32),
}

impl Frame {
    /// A frame with its origin at pixel (x, y).
    pub(super) fn new(x: f32, y: f32, turns: f32, scale: (f32, f32)) -> Self {
        let (cos, sin) = direction(turns);
        Self {
            x,
            y,
            cos,
            sin,
            scale,
        }
    }

    /// Where a pixel lies in the frame.
    pub(super) fn place(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = (x - self.x, y - self.y);
        (
            (x * self.cos + y * self.sin) / self.scale.0,
            (y * self.cos - x * self.sin) / self.scale.1,
        )
    }

    /// How much of a pixel is covered at this distance from an outline, the outline being a pixel wide.
    pub(super) fn coverage(&self, distance: f32) -> f32 {
        (0.5 - distance * self.scale.0.min(self.scale.1)).clamp(0.0, 1.0)
    }
}
