//! Right and wrong predictions as one PNG, each picture with what it is and what the network said.

use std::convert::Infallible;

use cornu_data::image_file::{Picture, encode_png};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::{FONT_7X13, FONT_7X13_BOLD, FONT_9X18_BOLD};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::Text;

use super::examples::{Example, Examples};
use crate::failure::Result;

const COLUMNS: usize = 8;
const PICTURE: usize = 96;
const PITCH_X: usize = 120;
const PITCH_Y: usize = 140;
const MARGIN: usize = 24;
const HEADING: usize = 40;

const INK: Rgb888 = Rgb888::new(27, 31, 36);
const GREY: Rgb888 = Rgb888::new(87, 96, 106);
const GREEN: Rgb888 = Rgb888::new(26, 127, 55);
const RED: Rgb888 = Rgb888::new(188, 60, 10);

/// Draws the examples; a section without examples says so.
pub(crate) fn png(examples: &Examples) -> Result<Vec<u8>> {
    let rows = |list: &[Example]| list.len().div_ceil(COLUMNS);
    let section = |list: &[Example]| HEADING + rows(list).max(1) * PITCH_Y;
    let height = 2 * MARGIN + section(&examples.right) + section(&examples.wrong);
    let mut canvas = Canvas::new(2 * MARGIN + COLUMNS * PITCH_X, height);
    let next = canvas.section("Right", GREEN, &examples.right, MARGIN);
    canvas.section("Wrong, the most certain first", RED, &examples.wrong, next);
    encode(canvas.height, canvas.width, 3, canvas.pixels)
}

/// A picture alone as a PNG.
pub(crate) fn picture(example: &Example) -> Result<Vec<u8>> {
    let [height, width, channels] = example.size;
    if channels == 1 || channels == 3 {
        encode(height, width, channels, example.pixels.clone())
    } else {
        let rgb: Vec<u8> = (0..height * width)
            .flat_map(|i| example.colour(i % width, i / width))
            .collect();
        encode(height, width, 3, rgb)
    }
}

impl Example {
    /// Red, green and blue at a place; a single channel is grey, further channels are left out.
    fn colour(&self, x: usize, y: usize) -> [u8; 3] {
        let [_, width, channels] = self.size;
        let at = (y * width + x) * channels;
        match channels {
            1 | 2 => [self.pixels[at]; 3],
            _ => [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]],
        }
    }
}

fn encode(height: usize, width: usize, channels: usize, pixels: Vec<u8>) -> Result<Vec<u8>> {
    let picture = Picture::new(height, width, channels, pixels)?;
    Ok(encode_png(&picture)?)
}

struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![255; width * height * 3],
        }
    }

    /// Draws one section from `top` and returns where the next begins.
    fn section(&mut self, title: &str, colour: Rgb888, list: &[Example], top: usize) -> usize {
        self.text(
            title,
            MARGIN,
            top + 18,
            MonoTextStyle::new(&FONT_9X18_BOLD, colour),
        );
        if list.is_empty() {
            let none = MonoTextStyle::new(&FONT_7X13, GREY);
            self.text("none", MARGIN, top + HEADING + 10, none);
        }
        for (i, example) in list.iter().enumerate() {
            let left = MARGIN + (i % COLUMNS) * PITCH_X;
            let top = top + HEADING + (i / COLUMNS) * PITCH_Y;
            self.picture(example, left, top);
            let bold = MonoTextStyle::new(&FONT_7X13_BOLD, INK);
            let plain = MonoTextStyle::new(
                &FONT_7X13,
                if example.truth == example.said {
                    GREY
                } else {
                    colour
                },
            );
            let percent = format!(" {:.0}%", example.probability * 100.0);
            let room = PITCH_X / 7 - 1;
            self.text(&fit(&example.truth, room), left, top + PICTURE + 15, bold);
            let said = fit(&example.said, room - percent.len());
            self.text(&format!("{said}{percent}"), left, top + PICTURE + 29, plain);
        }
        top + HEADING + list.len().div_ceil(COLUMNS).max(1) * PITCH_Y
    }

    /// Enlarged or reduced to fit a square, each source pixel a block, because that is what the network saw.
    fn picture(&mut self, example: &Example, left: usize, top: usize) {
        let [height, width, _] = example.size;
        let longest = height.max(width).max(1);
        let (high, wide) = (
            (height * PICTURE / longest).max(1),
            (width * PICTURE / longest).max(1),
        );
        for y in 0..high {
            for x in 0..wide {
                let colour = example.colour(x * width / wide, y * height / high);
                let at = ((top + y) * self.width + left + x) * 3;
                self.pixels[at..at + 3].copy_from_slice(&colour);
            }
        }
    }

    fn text(&mut self, text: &str, x: usize, baseline: usize, style: MonoTextStyle<'_, Rgb888>) {
        let place = Point::new(x as i32, baseline as i32);
        // Drawing into memory cannot fail: the error type has no value.
        let Ok(_) = Text::new(text, place, style).draw(self);
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> std::result::Result<(), Infallible> {
        for Pixel(place, colour) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(place.x), usize::try_from(place.y)) else {
                continue;
            };
            if x < self.width && y < self.height {
                let at = (y * self.width + x) * 3;
                self.pixels[at..at + 3].copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

/// Cut to `room` letters, with two dots where something is missing.
fn fit(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_string();
    }
    let kept: String = text.chars().take(room.saturating_sub(2)).collect();
    kept + ".."
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::report) fn example(truth: &str, said: &str) -> Example {
        Example {
            pixels: (0..32 * 32 * 3).map(|i| (i % 251) as u8).collect(),
            size: [32, 32, 3],
            truth: truth.into(),
            said: said.into(),
            probability: 0.87,
        }
    }

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    #[test]
    fn each_picture_is_there_block_by_block() {
        let examples = Examples {
            right: vec![example("disc", "disc")],
            wrong: vec![example("a very long class name", "naïve Bayes"); 9],
        };
        let (width, height, pixels) = decode(&png(&examples).unwrap());
        assert_eq!((width, height), (1008, 548));
        let at = ((MARGIN + HEADING) * 1008 + MARGIN) * 3;
        assert_eq!(pixels[at..at + 12], [0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn sizes_that_are_not_square_and_no_examples_are_drawn_too() {
        let mut thin = example("a", "b");
        thin.size = [1, 3072, 1];
        let examples = Examples {
            right: vec![thin.clone()],
            wrong: vec![],
        };
        assert!(decode(&png(&examples).unwrap()).1 > 100);
        let (width, height, pixels) = decode(&picture(&thin).unwrap());
        assert_eq!((width, height), (3072, 1));
        assert_eq!(pixels, thin.pixels);
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(fit("aquarium fish", 8), "aquari..");
        assert_eq!(fit("été", 3), "été");
    }
}
