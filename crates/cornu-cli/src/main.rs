//! The `cornu` program: train, evaluate, use and look into neural networks from the command line.

#![forbid(unsafe_code)]
// Printing is what this crate is for.
#![allow(clippy::print_stdout, clippy::print_stderr)]
// A step of an epoch is called `step` in `Step` too.
#![allow(clippy::struct_field_names)]

mod args;
mod augment;
mod classes;
mod commands;
mod engine;
mod failure;
mod interrupt;
mod outcome;
mod pictures;
mod progress;
mod recipe;
mod report;
mod run_folder;
mod screen;
mod settings;
mod table;
mod watch;

use std::process::ExitCode;

use clap::error::ErrorKind;

use args::Command;
use screen::{Screen, Voice};

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => return say_usage(&error),
    };
    let screen = Screen {
        voice: match (args.quiet, args.json) {
            (true, _) => Voice::Quiet,
            (_, true) => Voice::Json,
            _ => Voice::Text,
        },
    };
    let machine = cornu::instruction_set().and_then(|_| match args.threads {
        Some(threads) => cornu::set_threads(threads),
        None => Ok(()),
    });
    let machine = machine.map_err(Into::into);
    let result = machine.and_then(|()| match args.command {
        Command::Train(args) => commands::train::run(&args, screen),
        Command::Evaluate(args) => commands::evaluate::run(&args, screen),
        Command::Summary(args) => commands::summary::run(&args, screen),
        Command::Data(command) => commands::data::run(command, screen),
        Command::Bench(args) => commands::bench::run(&args, screen),
        Command::Predict(args) => commands::predict::run(&args, screen),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            screen.event(|| {
                serde_json::json!({
                    "event": "error", "message": failure.message, "at": failure.at, "help": failure.help,
                    "exit_code": failure.exit_code(),
                })
            });
            failure.print();
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Help and version are answers, not mistakes.
fn say_usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody is left to tell where this cannot be printed.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            let failure = args::explain(error);
            failure.print();
            ExitCode::from(failure.exit_code())
        }
    }
}
