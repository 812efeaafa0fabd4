//! `cornu predict`: what is in a picture, or a model's output for arrays.

use std::path::Path;

use cornu_data::array::{self, Array, ArrayData};
use cornu_data::{image_file, resize};
use serde_json::{Value, json};

use crate::args::Predict;
use crate::classes::{self, are_probabilities, top};
use crate::engine::Network;
use crate::failure::{Failure, Result, suggestion};
use crate::run_folder::model_file;
use crate::screen::Screen;
use crate::table;

const BATCH: usize = 32;

pub(crate) fn run(args: &Predict, screen: Screen) -> Result<()> {
    if let Some(output) = args
        .output
        .as_deref()
        .filter(|o| o.symlink_metadata().is_ok())
    {
        return Err(
            Failure::user("the output file exists already and is not written over")
                .at(output.display())
                .help("choose another name for --output"),
        );
    }
    let mut network = Network::load(&model_file(&args.model)?)?;
    match (&args.input, &args.output) {
        (Some(input), Some(output)) => arrays(&mut network, input, output, screen),
        _ => pictures(&mut network, args, screen),
    }
}

fn pictures(network: &mut Network, args: &Predict, screen: Screen) -> Result<()> {
    let inputs = network.inputs();
    let [input] = &inputs[..] else {
        return Err(Failure::user(format!(
            "expected a model of one input, received one of {}",
            inputs.len()
        ))
        .at(args.model.display()));
    };
    let [height, width, channels @ (1 | 3)] = input[..] else {
        return Err(Failure::user(format!(
            "expected a model whose input is a picture [height, width, 1 or 3], received one whose input is {input:?}"
        ))
        .at(args.model.display())
        .help("give it arrays with --input X.npy --output Y.npy"));
    };
    let mut names: Option<Vec<String>> = None;
    for path in &args.images {
        let pixels = read(path, height, width, channels)?;
        let (shape, row) = network.predict(&[1, height, width, channels], pixels, BATCH)?;
        if shape.len() != 2 {
            return Err(Failure::user(format!(
                "expected a model that gives one number per class, received outputs of shape {:?}",
                &shape[1..]
            ))
            .at(args.model.display())
            .help("give it arrays with --input X.npy --output Y.npy"));
        }
        if names.is_none() {
            names = Some(classes::names(
                args.classes.as_deref(),
                network.classes(),
                row.len(),
            )?);
        }
        let names = names.as_deref().unwrap_or_default();
        let best = top(&row, args.top);
        screen.result(text(path, &row, &best, names), || {
            value(path, &row, &best, names)
        });
    }
    Ok(())
}

/// The picture as the model wants it: resized, 0 to 1, grey where it has one channel.
fn read(path: &Path, height: usize, width: usize, channels: usize) -> Result<Vec<f32>> {
    if !path.exists() {
        return Err(Failure::read(path, &std::io::ErrorKind::NotFound.into()));
    }
    let picture = resize(&image_file::read_rgb(path)?, height, width)?;
    let pixels = picture.pixels.chunks_exact(3);
    Ok(if channels == 3 {
        picture
            .pixels
            .iter()
            .map(|&x| f32::from(x) / 255.0)
            .collect()
    } else {
        // The weights of ITU-R BT.601, which every tool uses to make a picture grey.
        pixels
            .map(|p| {
                (0.299 * f32::from(p[0]) + 0.587 * f32::from(p[1]) + 0.114 * f32::from(p[2]))
                    / 255.0
            })
            .collect()
    })
}

fn text(path: &Path, row: &[f32], best: &[usize], names: &[String]) -> String {
    let shares = are_probabilities(row);
    let rows: Vec<[String; 3]> = best
        .iter()
        .map(|&i| {
            let number = if shares {
                format!("{:.1} %", row[i] * 100.0)
            } else {
                format!("{:.4}", row[i])
            };
            let bar = if shares {
                "█".repeat((row[i] * 24.0).round() as usize)
            } else {
                String::new()
            };
            [format!("  {}", names[i]), number, bar]
        })
        .collect();
    format!(
        "{}\n{}",
        path.display(),
        table::lines(&rows, &[1]).join("\n")
    )
}

fn value(path: &Path, row: &[f32], best: &[usize], names: &[String]) -> Value {
    let classes: Vec<Value> = best
        .iter()
        .map(|&i| json!({"name": names[i], "index": i, "value": row[i]}))
        .collect();
    json!({"image": path, "probabilities": are_probabilities(row), "classes": classes})
}

/// Whether a file is a NumPy array or an archive of them, by its ending.
fn is_archive(path: &Path) -> Result<bool> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => Ok(false),
        Some("npz") => Ok(true),
        _ => Err(Failure::user("expected a file that ends in .npy or .npz")
            .at(path.display())
            .help("arrays are read and written as NumPy does it")),
    }
}

fn arrays(network: &mut Network, input: &Path, output: &Path, screen: Screen) -> Result<()> {
    let to_archive = is_archive(output)?;
    let given = if is_archive(input)? {
        only("x", array::read_npz(input)?, input)?
    } else {
        array::read_npy(input)?
    };
    let x = given.to_f32();
    if let Some((row, number)) = not_finite(given.shape(), &x) {
        return Err(Failure::user(format!(
            "expected finite numbers, received {number} in row {row}, the first of which is row 0"
        ))
        .at(input.display())
        .help("fill in or leave out what is missing, as it was done for training"));
    }
    let (shape, values) = network.predict(given.shape(), x, BATCH)?;
    let y = Array::new(shape.clone(), ArrayData::F32(values))?;
    if to_archive {
        array::write_npz(output, [("y", &y)])?;
    } else {
        array::write_npy(output, &y)?;
    }
    screen.result(
        format_args!("{}: float32 {shape:?}", output.display()),
        || json!({"output": output, "shape": shape}),
    );
    Ok(())
}

/// The first number that is not finite, and its row.
fn not_finite(shape: &[usize], x: &[f32]) -> Option<(usize, f32)> {
    let row = shape.iter().skip(1).product::<usize>().max(1);
    let at = x.iter().position(|x| !x.is_finite())?;
    Some((at / row, x[at]))
}

/// The array of an archive: the only one, or the one of the name.
fn only(name: &str, mut arrays: Vec<(String, Array)>, path: &Path) -> Result<Array> {
    let found = match &arrays[..] {
        [_] => Some(0),
        _ => arrays.iter().position(|(n, _)| n == name),
    };
    if let Some(i) = found {
        return Ok(arrays.swap_remove(i).1);
    }
    let names: Vec<&str> = arrays.iter().map(|(n, _)| n.as_str()).collect();
    Err(Failure::user(format!(
        "expected one array, or one named `{name}`, received {}",
        names.len()
    ))
    .at(path.display())
    .help(suggestion(name, "the file holds", &names)))
}
