//! Pictures in files: PNG and JPEG to RGB bytes, and bytes to PNG.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::atomic;
use crate::error::{DataError, Result};

/// The longest side of a picture that is read.
pub const LONGEST_SIDE: usize = 16_384;

/// The largest file that is read, and the most pixels of a picture: a hundred million.
const MOST: usize = 100_000_000;

/// A picture as bytes, `[height, width, channels]` in row-major order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The number of rows.
    pub height: usize,
    /// The number of pixels in a row.
    pub width: usize,
    /// The number of bytes in a pixel.
    pub channels: usize,
    /// The bytes.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Bytes of this shape.
    ///
    /// # Errors
    /// Where there are not as many bytes as the shape says, or none.
    pub fn new(height: usize, width: usize, channels: usize, pixels: Vec<u8>) -> Result<Self> {
        let size = height
            .checked_mul(width)
            .and_then(|n| n.checked_mul(channels));
        if size != Some(pixels.len()) || size == Some(0) {
            return Err(DataError::config(format!(
                "expected the bytes of a picture of shape [{height}, {width}, {channels}], received {} bytes",
                pixels.len()
            )));
        }
        Ok(Self {
            height,
            width,
            channels,
            pixels,
        })
    }
}

/// Reads a PNG or JPEG file as RGB; transparent pixels are laid on white, grey ones repeated.
///
/// # Errors
/// Where the file cannot be read, is neither PNG nor JPEG, is damaged, or has a side longer than [`LONGEST_SIDE`] or
/// more than a hundred million pixels.
pub fn read_rgb(path: impl AsRef<Path>) -> Result<Picture> {
    let path = path.as_ref();
    let size = fs::metadata(path)
        .map_err(DataError::cannot("read", path))?
        .len();
    if size > MOST as u64 {
        return Err(DataError::format(format!(
            "expected a picture of at most {MOST} bytes, received {size}"
        ))
        .at(path.display())
        .help("make the picture smaller"));
    }
    let bytes = fs::read(path).map_err(DataError::cannot("read", path))?;
    decode_rgb(&bytes).map_err(|e| e.in_file(path))
}

/// Reads a picture from the bytes of a PNG or JPEG file; see [`read_rgb`].
///
/// # Errors
/// As [`read_rgb`].
pub fn decode_rgb(bytes: &[u8]) -> Result<Picture> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => decode_png(bytes),
        [0xff, 0xd8, 0xff, ..] => decode_jpeg(bytes),
        _ => Err(
            DataError::format("expected a PNG or JPEG picture, received another format")
                .at("byte 0")
                .help("convert the picture to PNG"),
        ),
    }
}

fn check_size(width: usize, height: usize) -> Result<()> {
    if width.max(height) > LONGEST_SIDE || width.saturating_mul(height) > MOST {
        return Err(DataError::format(format!(
            "expected sides of at most {LONGEST_SIDE} and {MOST} pixels, received {width} by {height}"
        ))
        .help("make the picture smaller"));
    }
    Ok(())
}

fn decode_png(bytes: &[u8]) -> Result<Picture> {
    let bad = |e: png::DecodingError| {
        DataError::format(format!("the PNG picture cannot be decoded: {e}"))
            .help("save the picture again")
            .because(e)
    };
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: 4 * MOST });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let info = decoder.read_header_info().map_err(bad)?;
    check_size(info.width as usize, info.height as usize)?;
    let mut reader = decoder.read_info().map_err(bad)?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| DataError::format("the PNG picture is too large"))?;
    let mut buffer = vec![0; size];
    let frame = reader.next_frame(&mut buffer).map_err(bad)?;
    buffer.truncate(frame.buffer_size());
    let on_white = |x: u8, alpha: u8| {
        let (x, alpha) = (u32::from(x), u32::from(alpha));
        ((x * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    let pixels: Vec<u8> = match frame.color_type {
        png::ColorType::Rgb => buffer,
        png::ColorType::Grayscale => buffer.iter().flat_map(|&x| [x; 3]).collect(),
        png::ColorType::GrayscaleAlpha => buffer
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|&[x, alpha]| [on_white(x, alpha); 3])
            .collect(),
        png::ColorType::Rgba => {
            let pixels = buffer.as_chunks::<4>().0.iter();
            pixels
                .flat_map(|&[r, g, b, alpha]| [r, g, b].map(|x| on_white(x, alpha)))
                .collect()
        }
        png::ColorType::Indexed => {
            return Err(DataError::format(
                "expected colours in place of a palette's numbers",
            ));
        }
    };
    Picture::new(frame.height as usize, frame.width as usize, 3, pixels)
}

fn decode_jpeg(bytes: &[u8]) -> Result<Picture> {
    let bad = |e: zune_jpeg::errors::DecodeErrors| {
        DataError::format(format!("the JPEG picture cannot be decoded: {e:?}"))
            .help("save the picture again")
    };
    let options = DecoderOptions::default()
        .set_max_width(LONGEST_SIDE)
        .set_max_height(LONGEST_SIDE)
        .set_strict_mode(false)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(bad)?;
    let info = decoder
        .info()
        .ok_or_else(|| DataError::format("the JPEG picture has no header"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    check_size(width, height)?;
    Picture::new(height, width, 3, decoder.decode().map_err(bad)?)
}

/// Writes bytes as a PNG file: one channel as grey, two as grey and alpha, three as RGB, four as RGB and alpha.
///
/// # Errors
/// Where the number of channels is another or the file cannot be written; it is then as it was before.
pub fn write_png(path: impl AsRef<Path>, picture: &Picture) -> Result<()> {
    let path = path.as_ref();
    let bytes = encode_png(picture).map_err(|e| e.in_file(path))?;
    atomic::write(path, &bytes)
}

/// The bytes of a PNG file; see [`write_png`].
///
/// # Errors
/// Where the number of channels is not one to four, or the bytes do not fit the shape.
pub fn encode_png(picture: &Picture) -> Result<Vec<u8>> {
    let colour = match picture.channels {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        4 => png::ColorType::Rgba,
        other => {
            return Err(DataError::config(format!(
                "expected a picture of 1 to 4 channels, received {other}"
            )));
        }
    };
    let side = |n: usize| {
        u32::try_from(n)
            .map_err(|_| DataError::config(format!("a side of {n} is too long for PNG")))
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side(picture.width)?, side(picture.height)?);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    let wrote = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&picture.pixels)?;
        writer.finish()
    });
    wrote
        .map_err(|e| DataError::config(format!("the picture cannot be encoded: {e}")).because(e))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(channels: usize) -> Picture {
        let pixels = (0..5 * 7 * channels)
            .map(|i| (i * 37 % 256) as u8)
            .collect();
        Picture::new(5, 7, channels, pixels).unwrap()
    }

    #[test]
    fn png_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        write_png(&path, &gradient(3)).unwrap();
        assert_eq!(read_rgb(&path).unwrap(), gradient(3));
    }

    #[test]
    fn grey_is_repeated_and_transparency_is_white() {
        let grey = decode_rgb(&encode_png(&gradient(1)).unwrap()).unwrap();
        assert!(
            grey.pixels
                .chunks(3)
                .zip(gradient(1).pixels)
                .all(|(rgb, x)| rgb == [x; 3])
        );
        let clear =
            Picture::new(1, 3, 4, vec![9, 8, 7, 255, 9, 8, 7, 0, 0, 100, 200, 128]).unwrap();
        let flat = decode_rgb(&encode_png(&clear).unwrap()).unwrap();
        assert_eq!(flat.pixels, [9, 8, 7, 255, 255, 255, 127, 177, 227]);
        let clear = Picture::new(1, 2, 2, vec![9, 255, 9, 0]).unwrap();
        assert_eq!(
            decode_rgb(&encode_png(&clear).unwrap()).unwrap().pixels,
            [9, 9, 9, 255, 255, 255]
        );
    }

    #[test]
    fn refuses_what_it_cannot_read() {
        assert!(decode_rgb(b"GIF89a").is_err());
        assert!(decode_rgb(b"").is_err());
        assert!(encode_png(&gradient(5)).is_err());
        assert!(Picture::new(2, 2, 3, vec![0; 11]).is_err());
        let mut bytes = encode_png(&gradient(3)).unwrap();
        // The width lies at byte 16; a wrong checksum would be found before it.
        bytes[16] = 0x7f;
        assert!(decode_rgb(&bytes).is_err());
    }
}
