//! `cornu bench`: how fast this machine trains and runs networks in Cornu, and in the frameworks installed beside it.

mod agreement;
mod child;
mod formula;
mod own;
mod peers;
mod profile;
mod rounds;
mod rows;
mod work;

use std::process::Command;

use cornu::files::write_atomically;
use cornu::train::Precision;
use cornu_kernels::peak;
use serde_json::json;

use crate::args::Bench;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::screen::{Screen, Voice};
use rounds::{Entrant, Pace};
use work::Purpose;

/// Cornu's own names in the table.
const OWN: [&str; 2] = ["cornu", "cornu-bf16"];

pub(crate) fn run(args: &Bench, screen: Screen) -> Result<()> {
    let works = work::named(&args.work)?;
    if args.child {
        let precision = args.precision.unwrap_or_default();
        return works
            .first()
            .map_or(Ok(()), |work| own::serve(work, precision));
    }
    let here = args.precision.map(Precision::here);
    if args.precision != here {
        screen.warn("this processor has no instructions for bf16: both of Cornu's rows are f32");
    }
    let peers = if args.profile {
        Vec::new()
    } else {
        peers::chosen(&args.peers)?
    };
    let python = peers::python(args.python.as_deref());
    peers::check_place(&python, &peers)?;
    interrupt::install(screen, "stopping; press Ctrl-C again to quit at once")?;
    let threads = cornu::threads();
    let gflops = peak::fma_gflops_of(threads, 0.5);
    screen.say(format!(
        "{threads} threads, {}, {gflops:.0} GFLOP/s of f32 multiply-adds at most",
        cornu::instruction_set()?
    ));
    if args.profile {
        for work in works {
            if interrupt::requested() {
                break;
            }
            let precision = here.unwrap_or_default();
            let profile = own::profile(work, precision, args.seconds)?;
            let text = || profile::json(work, &profile);
            screen.result(profile::text(work, &profile, gflops * 1e9), text);
        }
        return Ok(());
    }
    let program = std::env::current_exe()
        .map_err(|e| Failure::other(format!("cannot find this program's own file: {e}")))?;
    let pace = Pace {
        repeat: args.repeat,
        seconds: args.seconds,
    };
    let mut all = Vec::new();
    for work in works {
        if interrupt::requested() {
            break;
        }
        let rounded = args.precision == Some(Precision::Bf16) && work.purpose == Purpose::Train;
        let precisions = Precision::ALL.into_iter().zip(OWN);
        let own = precisions.take(1 + usize::from(rounded));
        let mut entrants: Vec<Entrant> = own
            .map(|(precision, name)| {
                let mut command = Command::new(&program);
                command.args(["bench", "--child", "--work", work.name]);
                command.args(["--precision", precision.name(), "--threads"]);
                command.arg(threads.to_string());
                Entrant {
                    name: name.into(),
                    command: Ok(command),
                }
            })
            .collect();
        entrants.extend(peers.iter().map(|peer| Entrant {
            name: peer.name.into(),
            command: peer.command(&python, work.name, threads),
        }));
        let results = rounds::play(work, entrants, pace, screen);
        let flops = own::flops_per_sample(work)?;
        let rows = rows::rows(work, &results, flops, gflops * 1e9);
        if !rows.is_empty() {
            if screen.voice == Voice::Json {
                for row in &rows {
                    screen.event(|| rows::json(work, row));
                }
            } else {
                screen.result(rows::text(work, &rows, flops), || ().into());
            }
        }
        all.push(json!({
            "work": work.name, "title": work.title, "batch": work.batch, "flops_per_sample": flops,
            "rows": rows.iter().map(|row| rows::json(work, row)).collect::<Vec<_>>(),
            "absent": results.absent,
            "wrong": results.wrong.iter().map(|(name, d)| json!({"implementation": name, "value": d.name, "deviation": d.deviation}))
                .collect::<Vec<_>>(),
        }));
    }
    if let Some(out) = &args.out {
        let result = json!({
            "when": chrono::Local::now().to_rfc3339(), "cornu": env!("CARGO_PKG_VERSION"), "machine": machine(),
            "threads": threads, "instruction_set": cornu::instruction_set()?, "peak_gflops": gflops,
            "repeat": args.repeat, "seconds": args.seconds, "works": all,
        });
        let text = serde_json::to_string_pretty(&result)
            .map_err(|e| Failure::other(format!("the results cannot be written as JSON: {e}")))?;
        write_atomically(out, (text + "\n").as_bytes())?;
        screen.say(format!("written: {}", out.display()));
    }
    Ok(())
}

/// The processor's name, where the system tells it.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find(|line| line.starts_with("model name"));
    let name = name.and_then(|line| line.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.into(), |(_, n)| n.trim().into())
}
