//! What is told of a training while it runs, and what may change it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use cornu::error::Kind;
use cornu::prelude::*;

/// A folder of a test's own, gone when the test is done.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cornu-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Numbers that look random and are the same each time.
fn numbers(shape: &[usize], salt: usize) -> Tensor {
    let n: usize = shape.iter().product();
    let x = (0..n).map(|i| ((i * 7919 + salt * 104_729 + 13) % 2003) as f32 / 1001.5 - 1.0);
    Tensor::new(shape.to_vec(), x.collect::<Vec<f32>>()).expect("sizes fit")
}

fn data(salt: usize) -> (Tensor, Tensor) {
    (numbers(&[24, 5], salt), numbers(&[24, 1], salt + 1))
}

fn model(optimizer: impl Into<Box<dyn Optimizer>>) -> cornu::Result<Model> {
    let mut model = Sequential::new()
        .input([5])
        .add(Dense::new(8).activation("relu"))
        .add(Dropout::new(0.3))
        .add(Dense::new(1))
        .seed(1)
        .build()?;
    model.compile(optimizer, MeanSquaredError::default(), [] as [&str; 0])?;
    Ok(model)
}

fn fit<'a>(epochs: usize) -> Fit<'a> {
    Fit::epochs(epochs).batch_size(8).seed(5)
}

/// Ends the training with an error when an epoch begins, as a power cut would.
fn cut(at: usize) -> impl Callback {
    LambdaCallback::new(move |_, event| match event {
        Event::EpochBegin { epoch } if *epoch == at => {
            Err(Error::new(Kind::Io, "the lights went out"))
        }
        _ => Ok(Action::Continue),
    })
}

#[test]
fn a_training_that_was_broken_off_ends_as_if_it_had_not_been() -> cornu::Result<()> {
    let folder = Folder::new("backup");
    let table = folder.0.with_extension("csv");
    let rate = || CosineDecay::new(0.02, 15);
    let mut whole = model(Adam::new(rate()))?;
    let history = whole.fit(&data(1), fit(5))?;
    let backup = || BackupAndRestore::new(&folder.0);
    let log = || CsvLogger::new(&table).append(true).separator(';');
    let mut first = model(Adam::new(rate()))?;
    let broken = fit(5).callback(backup()).callback(log()).callback(cut(3));
    first.fit(&data(1), broken).expect_err("broken off");
    let files = std::fs::read_dir(&folder.0).expect("a folder").count();
    assert_eq!(files, 1, "the last epoch alone is kept");

    // Another optimizer cannot go on.
    let e = model(SGD::new(0.1))?.fit(&data(1), fit(5).callback(backup()));
    assert!(
        e.expect_err("another optimizer")
            .message()
            .contains("another optimizer")
    );

    let mut second = model(Adam::new(rate()))?;
    let rest = second.fit(&data(1), fit(5).callback(backup()).callback(log()))?;
    assert_eq!(rest.epochs.len(), 2);
    assert_eq!(rest.epochs[0].epoch, 3);
    assert_eq!(second.weights(), whole.weights());
    assert_eq!(rest.last(), history.last());
    assert!(!folder.0.exists(), "what is done needs no backup");
    let text = std::fs::read_to_string(&table).expect("a table");
    std::fs::remove_file(&table).ok();
    let first_column: Vec<&str> = text.lines().filter_map(|l| l.split(';').next()).collect();
    assert_eq!(first_column, ["epoch", "0", "1", "2", "3", "4"]);
    Ok(())
}

#[test]
fn weights_of_a_file_are_taken_by_a_model_of_the_same_layers_alone() -> cornu::Result<()> {
    let folder = Folder::new("weights");
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let path = folder.0.join("a.cornu");
    let mut trained = model(Adam::new(0.01))?;
    trained.fit(&data(1), fit(2))?;
    trained.save(&path)?;
    let mut same = model(Adam::new(0.5))?.named("other");
    assert!(same.load_weights(&path)?);
    assert_eq!(
        (same.weights(), same.learning_rate()),
        (trained.weights(), Some(0.01))
    );
    let goes_on = |model: &mut Model| model.fit(&data(1), Fit::epochs(3).initial_epoch(2).seed(5));
    goes_on(&mut same)?;
    goes_on(&mut trained)?;
    assert_eq!(same.weights(), trained.weights());
    let mut wider = Sequential::new().input([5]).add(Dense::new(9)).build()?;
    let before = wider.weights();
    let e = wider.load_weights(&path).expect_err("other layers");
    assert_eq!(e.message(), "the model has 2 weights, the file's model 4");
    assert_eq!(wider.weights(), before);
    Ok(())
}

#[test]
fn running_means_are_judged_and_the_weights_learn_on() -> cornu::Result<()> {
    let (train, test) = (data(1), data(3));
    let optimizer = || Adam::new(0.05).use_ema(true).ema_momentum(0.9);
    let run = |callbacks: Vec<Box<dyn Callback>>| -> cornu::Result<(Model, History)> {
        let mut model = model(optimizer())?;
        let mut how = fit(3).validation(&test);
        for callback in callbacks {
            how = how.callback(callback);
        }
        let history = model.fit(&train, how)?;
        Ok((model, history))
    };
    let val = |history: &History| history.last().and_then(|e| e.get("val_loss"));
    let (mut plain, history) = run(Vec::new())?;
    let (swapped, judged) = run(vec![Box::new(SwapEMAWeights::new())])?;
    // At the end both have the means, on the way there they learnt the same.
    assert_eq!(swapped.weights(), plain.weights());
    let series = |h: &History| {
        h.epochs
            .iter()
            .map(|e| e.logs.get("loss"))
            .collect::<Vec<_>>()
    };
    assert_eq!(series(&history), series(&judged));
    assert_ne!(val(&history), val(&judged));
    let means = plain.evaluate(&test)?.get("loss");
    let (a, b) = (val(&judged).expect("a loss"), means.expect("a loss"));
    assert!(
        (a - b).abs() < 1e-6,
        "what was judged are the means: {a} {b}"
    );

    // Kept until the next epoch begins, the means are what is saved.
    let folder = Folder::new("means");
    std::fs::create_dir_all(&folder.0).expect("a folder");
    let path = folder.0.join("{epoch}.cornu");
    let (last, _) = run(vec![
        Box::new(SwapEMAWeights::new().swap_on_epoch(true)),
        Box::new(ModelCheckpoint::new(&path)),
    ])?;
    assert_eq!(last.weights(), plain.weights());
    assert_eq!(
        Model::load(folder.0.join("03.cornu"))?.weights(),
        plain.weights()
    );
    let e = model(SGD::new(0.1))?
        .fit(
            &train,
            fit(1).validation(&test).callback(SwapEMAWeights::new()),
        )
        .expect_err("no means");
    assert_eq!(e.message(), "the optimizer keeps no running means");
    Ok(())
}

/// The fields of a message of protocol buffers: number, and the bytes of the value.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    fn number(bytes: &mut &[u8]) -> u64 {
        let mut x = 0;
        for shift in (0..).step_by(7) {
            let (&first, rest) = bytes.split_first().expect("a number");
            *bytes = rest;
            x |= u64::from(first & 127) << shift;
            if first < 128 {
                break;
            }
        }
        x
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes);
        let (kind, whole) = (key & 7, bytes);
        let length = match kind {
            0 => {
                number(&mut bytes);
                whole.len() - bytes.len()
            }
            1 => 8,
            5 => 4,
            _ => number(&mut bytes) as usize,
        };
        let start = if kind == 0 { whole } else { bytes };
        found.push((key >> 3, &start[..length]));
        bytes = &start[length..];
    }
    found
}

/// All numbers in the files of a folder: (curve, step, value).
fn curves(folder: &Path) -> Vec<(String, u64, f32)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("readable");
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().expect("eight")) as usize;
            let event = fields(&rest[12..12 + length]);
            rest = &rest[16 + length..];
            let get =
                |of: &[(u64, &[u8])], n: u64| of.iter().find(|f| f.0 == n).map(|f| f.1.to_vec());
            let Some(summary) = get(&event, 5) else {
                assert_eq!(get(&event, 3).as_deref(), Some(&b"brain.Event:2"[..]));
                continue;
            };
            let step = get(&event, 2).map_or(0, |s| u64::from(s[0]));
            let value = get(&fields(&summary), 1).expect("a value");
            let value = fields(&value);
            let tag = String::from_utf8(get(&value, 1).expect("a tag")).expect("a text");
            let number = get(&value, 2).map_or(f32::NAN, |v| {
                f32::from_le_bytes(v.try_into().expect("four"))
            });
            all.push((tag, step, number));
        }
    }
    all
}

#[test]
fn tensor_board_is_given_the_curves_of_the_history() -> cornu::Result<()> {
    let folder = Folder::new("board");
    let test = data(3);
    let board = TensorBoard::new(&folder.0).update_freq(2).histogram_freq(2);
    let history =
        model(Adam::new(0.05))?.fit(&data(1), fit(2).validation(&test).callback(board))?;
    let train = curves(&folder.0.join("train"));
    let of = |all: &[(String, u64, f32)], tag: &str| -> Vec<(u64, f32)> {
        let own = all.iter().filter(|c| c.0 == tag);
        own.map(|c| (c.1, c.2)).collect()
    };
    let wanted = |name: &str| -> Vec<(u64, f32)> {
        let epochs = history.epochs.iter();
        epochs
            .map(|e| (e.epoch as u64, e.logs.get(name).expect("a number") as f32))
            .collect()
    };
    assert_eq!(of(&train, "epoch_loss"), wanted("loss"));
    assert_eq!(of(&train, "epoch_learning_rate"), wanted("learning_rate"));
    let steps: Vec<u64> = of(&train, "batch_loss").iter().map(|c| c.0).collect();
    assert_eq!(steps, [2, 4, 6]);
    let histograms: Vec<&str> = train
        .iter()
        .filter(|c| c.0.ends_with("histogram"))
        .map(|c| &*c.0)
        .collect();
    assert_eq!(histograms.len(), 4, "of the second epoch alone");
    assert_eq!(histograms[0], "dense/kernel/histogram");
    let validation = curves(&folder.0.join("validation"));
    assert_eq!(of(&validation, "epoch_loss"), wanted("val_loss"));
    Ok(())
}

#[test]
fn a_server_is_sent_what_each_epoch_gave() -> cornu::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let root = format!("http://{}", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 500 No\r\n\r\n"] {
            let (mut stream, _) = listener.accept().expect("a client");
            let (mut request, mut piece) = (Vec::new(), [0; 4096]);
            // To the last sign of the body, which both kinds end with.
            while !request.ends_with(b"%7D") && !request.ends_with(b"}") {
                let n = stream.read(&mut piece).expect("a request");
                request.extend(&piece[..n]);
            }
            stream.write_all(answer.as_bytes()).expect("an answer");
            requests.push(String::from_utf8(request).expect("a text"));
        }
        requests
    });
    let mut form = RemoteMonitor::new(&root).path("/here").header("X-Run", "7");
    model(Adam::new(0.05))?.fit(&data(1), fit(1).callback(&mut form))?;
    assert_eq!(form.failure(), None);
    let mut json = RemoteMonitor::new(&root).send_as_json(true);
    model(Adam::new(0.05))?.fit(&data(1), fit(1).callback(&mut json))?;
    assert!(
        json.failure().is_some_and(|f| f.contains("500 No")),
        "{:?}",
        json.failure()
    );
    let requests = server.join().expect("ends");
    assert!(
        requests[0].starts_with("POST /here HTTP/1.1\r\n"),
        "{}",
        requests[0]
    );
    assert!(requests[0].contains("\r\nX-Run: 7\r\n"));
    assert!(
        requests[0].contains("\r\n\r\ndata=%7B%22epoch%22%3A0%2C"),
        "{}",
        requests[0]
    );
    let body = requests[1].split("\r\n\r\n").nth(1).expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["epoch"], 0);
    assert!(body["loss"].as_f64().is_some());
    let e = model(SGD::new(0.1))?
        .fit(
            &data(1),
            fit(1).callback(RemoteMonitor::new("https://localhost")),
        )
        .expect_err("not encrypted");
    assert!(e.message().contains("http://NAME:PORT"), "{e}");
    Ok(())
}

#[test]
fn a_baseline_that_is_not_reached_ends_the_training() -> cornu::Result<()> {
    let epochs = |stop: EarlyStopping| -> cornu::Result<usize> {
        let history = model(Adam::new(0.01))?.fit(&data(1), fit(8).callback(stop.patience(3)))?;
        Ok(history.epochs.len())
    };
    let stop = || EarlyStopping::new("loss").mode(cornu::train::callbacks::Mode::Min);
    assert_eq!(epochs(stop().baseline(0.0))?, 3);
    assert_eq!(
        epochs(stop().baseline(1e6).min_delta(0.0))?,
        epochs(stop())?
    );
    Ok(())
}
