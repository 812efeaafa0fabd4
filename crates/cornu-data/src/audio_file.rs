//! Sounds in WAV files.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use hound::{SampleFormat, WavReader};

use crate::error::{DataError, DataErrorKind, Result};

/// A sound: one number for each moment, from -1 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// Moments in a second.
    pub sampling_rate: u32,
    /// The mean of the channels.
    pub samples: Vec<f32>,
}

/// Reads a WAV file: whole numbers of 8 to 32 bits, or floats; several channels become their mean.
///
/// # Errors
/// A file that cannot be read, that is no WAV, or that ends before it says; numbers that are not finite.
///
/// # Example
/// ```no_run
/// let sound = cornu_data::audio_file::read_wav("seven.wav")?;
/// println!("{} seconds", sound.samples.len() as f32 / sound.sampling_rate as f32);
/// # Ok::<(), cornu_data::DataError>(())
/// ```
pub fn read_wav(path: impl AsRef<Path>) -> Result<Sound> {
    let path = path.as_ref();
    let file = File::open(path).map_err(DataError::cannot("read", path))?;
    decode_wav(BufReader::new(file)).map_err(|e| e.in_file(path))
}

/// Decodes the content of a WAV file.
///
/// # Errors
/// As [`read_wav`].
pub fn decode_wav(source: impl Read) -> Result<Sound> {
    let mut reader = WavReader::new(source).map_err(broken)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    if channels == 0 || spec.sample_rate == 0 {
        return Err(DataError::format(format!(
            "expected a sound, received {channels} channels at {} Hz",
            spec.sample_rate
        )));
    }
    // Nothing is reserved beforehand: the header may promise more than there is.
    let mut all: Vec<f32> = Vec::new();
    match spec.sample_format {
        SampleFormat::Float => {
            for sample in reader.samples::<f32>() {
                all.push(sample.map_err(broken)?);
            }
        }
        SampleFormat::Int => {
            let bits = i32::from(spec.bits_per_sample.clamp(1, 32));
            let scale = 2f32.powi(1 - bits);
            for sample in reader.samples::<i32>() {
                all.push(sample.map_err(broken)? as f32 * scale);
            }
        }
    }
    if let Some(place) = all.iter().position(|x| !x.is_finite()) {
        let what = format!("expected finite numbers, received {}", all[place]);
        return Err(DataError::format(what).at(format!("sample {place}")));
    }
    let mean = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
    Ok(Sound {
        sampling_rate: spec.sample_rate,
        samples: all.chunks_exact(channels).map(mean).collect(),
    })
}

fn broken(error: hound::Error) -> DataError {
    let kind = match &error {
        hound::Error::IoError(e) if e.kind() != std::io::ErrorKind::UnexpectedEof => {
            DataErrorKind::Io
        }
        _ => DataErrorKind::Format,
    };
    DataError::new(kind, format!("the sound cannot be read: {error}")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(channels: u16, bits: u16, samples: &[i32]) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels,
            sample_rate: 8000,
            bits_per_sample: bits,
            sample_format: SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).expect("a writer");
        for &s in samples {
            writer.write_sample(s).expect("a sample");
        }
        writer.finalize().expect("an end");
        bytes.into_inner()
    }

    #[test]
    fn whole_numbers_become_parts_of_one() {
        let sound = decode_wav(&wav(1, 16, &[0, 16384, -32768])[..]).expect("a sound");
        assert_eq!(sound.sampling_rate, 8000);
        assert_eq!(sound.samples, [0.0, 0.5, -1.0]);
    }

    #[test]
    fn channels_become_their_mean() {
        let sound = decode_wav(&wav(2, 8, &[64, 0, -64, -64])[..]).expect("a sound");
        assert_eq!(sound.samples, [0.25, -0.5]);
    }

    #[test]
    fn what_is_no_sound_or_ends_early_is_refused() {
        let whole = wav(1, 16, &[1, 2, 3, 4]);
        for end in 0..whole.len() {
            if let Ok(sound) = decode_wav(&whole[..end]) {
                assert!(sound.samples.len() < 4, "{end} of {} bytes", whole.len());
            }
        }
        let error = decode_wav(&b"no sound"[..]).unwrap_err();
        assert_eq!(error.kind(), DataErrorKind::Format);
        let mut lying = whole;
        lying[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode_wav(&lying[..]).is_err());
    }
}
