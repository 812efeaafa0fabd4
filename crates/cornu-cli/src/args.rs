//! What can be said on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use cornu::train::Precision;

/// Build, train, evaluate and use neural networks, without Python.
#[derive(Debug, Parser)]
#[command(
    name = "cornu",
    version,
    max_term_width = 100,
    propagate_version = false
)]
#[command(after_help = "\
Start here:
  cornu train                      train a small network on built-in pictures (minutes, no download)
  cornu train recipe.toml          train what a recipe describes
  cornu predict MODEL photo.png    say what is in a picture

Exit codes: 0 done, 2 a mistake in the command or a file it names, 1 anything else, 130 quit by Ctrl-C.")]
pub(crate) struct Cornu {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Say nothing but results and failures
    #[arg(
        long,
        short,
        global = true,
        conflicts_with = "json",
        help_heading = "Everywhere"
    )]
    pub(crate) quiet: bool,

    /// Print one JSON object per line instead of text
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,

    /// Use this many threads (results do not depend on it) [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = positive, help_heading = "Everywhere")]
    pub(crate) threads: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a network and leave a run folder with the model, its curves and a report
    Train(Box<Train>),
    /// Measure a saved model on a data set
    Evaluate(Evaluate),
    /// Say what is in pictures, or run a model on arrays
    Predict(Predict),
    /// Show a network layer by layer: shapes, weights, memory, arithmetic
    Summary(Summary),
    /// List the data sets, describe one, or fetch it
    #[command(subcommand)]
    Data(Data),
    /// Measure speed and memory, beside other frameworks where they are installed
    Bench(Bench),
}

/// Where pictures and labels come from.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Data")]
pub(crate) struct DataArgs {
    /// The data set (see `cornu data list`) [default: shapes]
    #[arg(long, value_name = "NAME")]
    pub(crate) data: Option<String>,

    /// Look for the data set's files in this folder first
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,

    /// Use only the first N test images
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) test_limit: Option<usize>,
}

#[derive(Debug, Default, Args)]
#[command(after_help = "\
Ctrl-C once finishes the step, then saves and reports; twice quits at once.

A recipe is a TOML file; every field is optional:
  epochs = 10
  batch_size = 128
  optimizer = { name = \"adam\", learning_rate = 0.001 }
  [data]
  name = \"shapes\"
  [model]
  layers = [
    { layer = \"Flatten\" },
    { layer = \"Dense\", units = 10, activation = \"softmax\" },
  ]
Each run folder holds its settings as such a file: `cornu train RUN/settings.toml` repeats the run.")]
pub(crate) struct Train {
    /// What to train; options given here win over the recipe
    #[arg(value_name = "RECIPE.toml")]
    pub(crate) recipe: Option<PathBuf>,

    /// Go through the training data this many times [default: 10]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) epochs: Option<usize>,

    /// Images per step [default: 128]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) batch_size: Option<usize>,

    /// How weights learn: adam, sgd, rmsprop, ... [default: adam]
    #[arg(long, value_name = "NAME")]
    pub(crate) optimizer: Option<String>,

    /// The optimizer's learning rate
    #[arg(long, value_name = "RATE", value_parser = learning_rate)]
    pub(crate) learning_rate: Option<f64>,

    /// What to minimise [default: sparse_categorical_crossentropy]
    #[arg(long, value_name = "NAME")]
    pub(crate) loss: Option<String>,

    /// Numbers that products are computed in: f32, or bf16 with sums and weights in f32 [default: f32]
    #[arg(long, value_name = "WHAT", value_parser = precision)]
    pub(crate) precision: Option<Precision>,

    /// Start of every random choice: the same seed gives the same weights [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32))]
    pub(crate) seed: Option<u32>,

    /// End each epoch after N steps
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) steps_per_epoch: Option<usize>,

    /// The run folder; must not exist yet [default: runs/DATE-TIME-DATA]
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Use only the first N training images
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Data")]
    pub(crate) train_limit: Option<usize>,

    /// Change training images at random, anew at each step
    #[arg(
        long,
        value_name = "WHAT,...",
        value_delimiter = ',',
        help_heading = "Data"
    )]
    pub(crate) augment: Vec<Augmentation>,
}

/// A way to change training images at random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Augmentation {
    /// Mirror every second image, left to right.
    Flip,
    /// Move by up to an eighth of height and width, the image mirrored at its edges.
    Crop,
    /// Turn by up to 15 degrees either way.
    Rotate,
    /// Brightness and contrast by up to a fifth, and where there are colours their saturation.
    Colour,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The saved model, or a run folder that holds one
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    #[command(flatten)]
    pub(crate) data: DataArgs,

    /// Images per step [default: 128]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) batch_size: Option<usize>,
}

#[derive(Debug, Args)]
#[command(override_usage = "\
cornu predict <MODEL> <IMAGE>...
       cornu predict <MODEL> --input X.npy|X.npz --output Y.npy|Y.npz")]
pub(crate) struct Predict {
    /// The saved model, or a run folder that holds one
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// PNG or JPEG pictures; each is resized to what the model expects
    #[arg(
        value_name = "IMAGE",
        required_unless_present = "input",
        conflicts_with = "input"
    )]
    pub(crate) images: Vec<PathBuf>,

    /// Show this many classes
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = positive)]
    pub(crate) top: usize,

    /// Names of the classes, one a line [default: classes.txt beside the model]
    #[arg(long, value_name = "FILE")]
    pub(crate) classes: Option<PathBuf>,

    /// Run on these arrays instead of pictures, as they are
    #[arg(long, value_name = "FILE", requires = "output")]
    pub(crate) input: Option<PathBuf>,

    /// Where the results for --input go; must not exist yet
    #[arg(long, value_name = "FILE", requires = "input")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Summary {
    /// A saved model, a run folder, a recipe, or a published network's name [default: the network `cornu train` trains]
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,

    /// A published network: ResNet50, MobileNetV2, ... in letters of any case; list names them all
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    pub(crate) app: Option<String>,

    /// An argument of the published network, as in `alpha=0.5` or `input_shape=[96,96,3]`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) with: Vec<(String, serde_json::Value)>,

    /// Plan for this many samples per step
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = positive)]
    pub(crate) batch_size: usize,

    /// Show the plan too: what runs after what, fused how, where each value lies, and which buffers stages share
    #[arg(long, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "training")]
    pub(crate) plan: Option<PlanOf>,

    /// Show the layers of models within the network too
    #[arg(long)]
    pub(crate) expand_nested: bool,

    /// Draw the network into this SVG file; models within it are drawn with their layers
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
}

/// Which of a model's plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum PlanOf {
    /// A training step.
    Training,
    /// The outputs alone.
    Prediction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// List the data sets and whether they are here
    List {
        /// Look in this folder first
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Describe a data set: classes, shapes, licence, files
    Info {
        #[arg(value_name = "NAME")]
        name: String,
        /// Look in this folder first
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
    /// Fetch a data set from its authors, checked and resumable
    Download {
        #[arg(value_name = "NAME")]
        name: String,
        /// Keep the files in this folder
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "\
All take turns within one run, after it was checked that they compute the same. The peers' packages:
  python3 -m venv .venv && .venv/bin/pip install -r bench/requirements.txt")]
pub(crate) struct Bench {
    /// What to measure: names such as W1-train, or what they begin with [default: everything]
    #[arg(long, value_name = "W1,W3", value_delimiter = ',')]
    pub(crate) work: Vec<String>,

    /// Whom to compare with: none, default, all, frameworks or their configurations
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', num_args = 0..=1, default_value = "default", default_missing_value = "default")]
    pub(crate) peers: Vec<String>,

    /// The Python that has the peers' packages [default: .venv/bin/python, else python3]
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,

    /// Measure this often
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = positive)]
    pub(crate) repeat: usize,

    /// Let each measurement take about this long
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = duration)]
    pub(crate) seconds: f64,

    /// Train in this precision too, beside f32: bf16
    #[arg(long, value_name = "WHAT", value_parser = precision)]
    pub(crate) precision: Option<Precision>,

    /// Write everything that was measured to this file too
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Tell instead which steps Cornu's time goes into, and how near they come to what the processor can do
    #[arg(long, conflicts_with_all = ["peers", "python", "repeat", "out"])]
    pub(crate) profile: bool,

    /// Answer a driver's questions on standard input, as the peers do
    #[arg(long, hide = true, requires = "work")]
    pub(crate) child: bool,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(n) => Ok(n),
        Err(_) => Err("expected a whole number of at least 1".into()),
    }
}

fn duration(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 600.0 => Ok(seconds),
        _ => Err("expected a number of seconds above 0, at most 600".into()),
    }
}

fn precision(text: &str) -> Result<Precision, String> {
    Precision::from_name(text).map_err(|_| "expected f32 or bf16".into())
}

fn learning_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err("expected a number above 0, such as 0.001".into()),
    }
}

/// Reads a command line. What looks like a number below 0 is a value, which its option then refuses in its own words.
pub(crate) fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Cornu, clap::Error> {
    let numbers = |arg: Arg| {
        let takes_one = arg.get_action().takes_values();
        arg.allow_negative_numbers(takes_one)
    };
    let command = Cornu::command().mut_subcommands(|c| c.mut_args(numbers));
    Cornu::from_arg_matches(&command.try_get_matches_from(line)?)
}

/// Says a parse error the way every other failure of the program is said.
pub(crate) fn explain(error: &clap::Error) -> crate::failure::Failure {
    let text = error.to_string();
    let mut message = Vec::new();
    let mut help = Vec::new();
    let mut usage = false;
    for line in text.lines().map(str::trim) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            help.push(tip.to_string());
        } else if let Some(line) = line.strip_prefix("Usage: ") {
            usage = true;
            help.push(format!("usage: {line}"));
        } else if !line.is_empty() && !usage && !line.starts_with("For more information") {
            message.push(line.strip_prefix("error: ").unwrap_or(line).to_string());
        }
    }
    help.push("`--help` tells every option".into());
    crate::failure::Failure::user(message.join("\n  ")).help(help.join("\n"))
}

/// `alpha=0.5`: the value as JSON, or else a text.
fn key_value(text: &str) -> Result<(String, serde_json::Value), String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or("expected an argument's name and its value, as in classes=10")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    Ok((key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cornu::command().debug_assert();
    }

    fn failure(line: &str) -> String {
        let error = parse(line.split(' ').map(OsString::from)).unwrap_err();
        explain(&error).to_string()
    }

    #[test]
    fn a_misspelt_option_is_told_with_the_nearest() {
        assert_eq!(
            failure("cornu train --epoch 3"),
            "error: unexpected argument '--epoch' found\n  \
             help a similar argument exists: '--epochs'\n       \
             usage: cornu train --epochs <N> [RECIPE.toml]\n       \
             `--help` tells every option"
        );
    }

    #[test]
    fn a_bad_value_is_told_with_what_is_expected() {
        assert_eq!(
            failure("cornu train --epochs 0"),
            "error: invalid value '0' for '--epochs <N>': it must be at least 1\n  \
             help `--help` tells every option"
        );
        for rate in ["nan", "-0.1"] {
            let text = failure(&format!("cornu train --learning-rate {rate}"));
            assert!(text.contains("expected a number above 0"), "{text}");
        }
        assert!(failure("cornu train --quiet --json").contains("cannot be used with"));
        let augment = failure("cornu train --augment flip,wobble");
        assert!(augment.contains("invalid value 'wobble'"), "{augment}");
        assert!(augment.contains("flip, crop, rotate, colour"), "{augment}");
        assert!(failure("cornu predict m.keras").contains("<IMAGE>"));
    }

    #[test]
    fn options_may_stand_after_the_command() {
        let args = Cornu::try_parse_from(["cornu", "train", "r.toml", "--quiet", "--threads", "2"])
            .unwrap();
        assert!(args.quiet);
        assert_eq!(args.threads, Some(2));
    }
}
