//! `cornu data`: what there is to learn from, and whether it is here.

use std::path::{Path, PathBuf};

use cornu_data::{Info, Options, registry};
use serde_json::{Value, json};

use crate::args::Data;
use crate::failure::Result;
use crate::pictures::{fetching, spinner};
use crate::report::html::thousands;
use crate::screen::Screen;
use crate::table;

pub(crate) fn run(command: Data, screen: Screen) -> Result<()> {
    match command {
        Data::List { data_dir } => {
            list(&options(data_dir), screen);
            Ok(())
        }
        Data::Info { name, data_dir } => info(&name, &options(data_dir), screen),
        Data::Download { name, data_dir } => download(&name, &options(data_dir), screen),
    }
}

fn options(data_dir: Option<PathBuf>) -> Options {
    Options {
        data_dir,
        ..Options::default()
    }
}

/// Where the data set is, in a word or a path.
fn place(info: &Info, options: &Options) -> Option<String> {
    if info.is_built_in() {
        return Some("built in".into());
    }
    info.find(options).map(|path| shown(&path))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn value(info: &Info, options: &Options) -> Value {
    json!({
        "name": info.name, "description": info.description, "classes": info.classes, "shape": info.shape,
        "train": info.train, "test": info.test, "licence": info.licence, "source": info.source,
        "built_in": info.is_built_in(), "found": place(info, options), "files": info.files(),
    })
}

fn size(info: &Info) -> String {
    let [height, width, channels] = info.shape;
    let colour = if channels == 1 { "grey" } else { "colour" };
    format!("{height} × {width} {colour}")
}

fn list(options: &Options, screen: Screen) {
    let rows: Vec<[String; 5]> = registry::list()
        .iter()
        .map(|info| {
            [
                info.name.to_string(),
                format!("{} classes", info.classes),
                format!(
                    "{} + {}",
                    thousands(info.train as u64),
                    thousands(info.test as u64)
                ),
                size(info),
                place(info, options).unwrap_or_else(|| "not here".into()),
            ]
        })
        .collect();
    let mut text = table::lines(&rows, &[]).join("\n");
    text.push_str("\n\n`cornu data info NAME` tells more; `cornu train --data NAME` trains on it");
    screen.result(text, || {
        Value::Array(registry::list().iter().map(|i| value(i, options)).collect())
    });
}

fn info(name: &str, options: &Options, screen: Screen) -> Result<()> {
    let info = registry::info(name)?;
    let mut rows = [
        ["classes", info.classes.to_string().as_str()],
        ["images", &size(info)],
        ["training", &thousands(info.train as u64)],
        ["test", &thousands(info.test as u64)],
        ["source", info.source],
        ["licence", info.licence],
    ]
    .map(|row| row.map(String::from))
    .to_vec();
    let row = |name: &str, text: String| [name.to_string(), text];
    match place(info, options) {
        Some(place) => rows.push(row("found", place)),
        None => rows.push(row("found", "no; `cornu data download` fetches it".into())),
    }
    if !info.files().is_empty() {
        rows.push(row("files", info.files().join(", ")));
    }
    let text = format!(
        "{}: {}\n\n{}",
        info.name,
        info.description,
        table::lines(&rows, &[]).join("\n")
    );
    screen.result(text, || value(info, options));
    Ok(())
}

fn download(name: &str, options: &Options, screen: Screen) -> Result<()> {
    let bar = spinner("connecting", screen);
    let folder = registry::download(name, options, &mut fetching(&bar, screen));
    bar.finish_and_clear();
    let folder = folder?;
    screen.result(
        format_args!("{name} is in {}", folder.display()),
        || json!({"event": "done", "name": name, "folder": folder}),
    );
    Ok(())
}
