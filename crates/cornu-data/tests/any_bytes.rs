//! Any bytes are read or refused: never a panic, never more memory than they justify.

use cornu_data::array::{Array, ArrayData, npy_bytes, parse_npy, read_npz, write_npz};
use cornu_data::image_file::{Picture, decode_rgb, encode_png};

/// A small source of numbers; the same on every run, so that a failure comes again.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() as usize) % n
    }
}

/// Changes, removes, repeats or adds a few bytes.
fn damage(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1)).min(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.next() as u8),
            2 if !bytes.is_empty() => drop(bytes.remove(at.min(bytes.len() - 1))),
            3 => bytes.splice(at..at, [0xff; 8]).for_each(drop),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = if random.below(2) == 0 {
                        random.next() as u8
                    } else {
                        *byte ^ (1 << random.below(8))
                    };
                }
            }
        }
    }
    bytes
}

#[test]
fn npy() {
    let mut random = Random(1);
    let array = Array::new(
        vec![3, 4],
        ArrayData::F32((0..12).map(|i| i as f32).collect()),
    )
    .unwrap();
    let whole = npy_bytes(&array);
    for _ in 0..30_000 {
        let bytes = damage(&whole, &mut random);
        if let Ok(array) = parse_npy(&bytes) {
            assert_eq!(array.shape().iter().product::<usize>(), array.data().len());
            assert!(array.data().len() <= bytes.len());
        }
    }
}

#[test]
fn npz() {
    let mut random = Random(2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npz");
    let array = Array::new(vec![40], ArrayData::U8((0..40).collect())).unwrap();
    write_npz(&path, [("a", &array), ("b", &array)]).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for _ in 0..3000 {
        std::fs::write(&path, damage(&whole, &mut random)).unwrap();
        for (_, array) in read_npz(&path).unwrap_or_default() {
            assert!(array.data().len() <= 2000);
        }
    }
}

#[test]
fn png() {
    let mut random = Random(3);
    let picture = Picture::new(9, 11, 3, (0..297).map(|i| (i * 7 % 256) as u8).collect()).unwrap();
    let whole = encode_png(&picture).unwrap();
    for _ in 0..5000 {
        if let Ok(picture) = decode_rgb(&damage(&whole, &mut random)) {
            assert_eq!(picture.pixels.len(), picture.height * picture.width * 3);
        }
    }
}

/// A grey JPEG of 8 by 8 pixels, as small as one can be.
const JPEG: &[u8] = &[
    0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff,
    0xdb, 0, 67, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xff, 0xc4, 0, 20, 0, 1, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x3f, 0xff, 0xd9,
];

#[test]
fn jpeg() {
    let picture = decode_rgb(JPEG).unwrap();
    assert_eq!(
        (picture.height, picture.width, &picture.pixels[..3]),
        (8, 8, &[128; 3][..])
    );
    let mut random = Random(4);
    for _ in 0..5000 {
        if let Ok(picture) = decode_rgb(&damage(JPEG, &mut random)) {
            assert_eq!(picture.pixels.len(), picture.height * picture.width * 3);
        }
    }
}

#[test]
fn noise() {
    let mut random = Random(5);
    for n in 0..3000 {
        let mut bytes: Vec<u8> = (0..n % 200).map(|_| random.next() as u8).collect();
        let starts: [&[u8]; 4] = [
            b"",
            b"\x93NUMPY\x01\x00",
            b"\x89PNG\r\n\x1a\n",
            &[0xff, 0xd8, 0xff],
        ];
        bytes.splice(0..0, starts[n % 4].iter().copied());
        let _ = parse_npy(&bytes);
        assert!(decode_rgb(&bytes).is_err());
    }
}
