//! `kraftscope`: runs scenarios and benchmarks without a browser.

mod arguments;
mod bench;
mod check;
mod claims;
mod compare;
mod explore;
mod fuzz;
mod known;
mod models;
mod run;
mod scale;
mod survive;
mod svg;
mod zoo;

use std::process::ExitCode;

const USAGE: &str = "\
kraftscope run FILE [--trace | --json | --digest]
    Plays a scenario file. Prints what happened, one line a note; --trace adds every event,
    --json prints the picture at the end as JSON, --digest the digest of the state at the end.
kraftscope check PATH... [--bless | --commands]
    Runs case files, and in folders every *.txt, and compares what they print with what they say.
    Prints what differs, then 'N passed, N failed'; --bless writes what was printed into the files.
    --commands lists what can be written; core/tests/scenarios/README.md explains it.
kraftscope bench [--json] [--seconds N]
    Measures the simulator on this machine: handled messages and commits per CPU-second,
    snapshots and seeks. The median of five rounds.
kraftscope fuzz --seeds N [--from S] [--jobs N] [--preset NAME]... [--bug NAME] [--switch NAME=VALUE]... [--json]
    Plays random clusters under random faults and checks every promise after every step; then heals a
    random core, which must come together again. --seed N plays one seed. --bug NAME looks for a bug of the
    past on the ground that fits it. Exit status 1 if a promise broke.
";

/// Every command, one after the other.
fn usage() -> String {
    [
        USAGE,
        compare::USAGE,
        scale::USAGE,
        known::USAGE,
        survive::USAGE,
        claims::USAGE,
        zoo::USAGE,
        models::USAGE,
        explore::USAGE,
    ]
    .concat()
}

fn main() -> ExitCode {
    match command() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("kraftscope: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all was well.
fn command() -> Result<bool, String> {
    let mut arguments = lexopt::Parser::from_env();
    let first = arguments.next().map_err(|error| error.to_string())?;
    match first {
        Some(lexopt::Arg::Value(verb)) if verb == "run" => run::command(&mut arguments).map(|()| true),
        Some(lexopt::Arg::Value(verb)) if verb == "bench" => bench::command(&mut arguments).map(|()| true),
        Some(lexopt::Arg::Value(verb)) if verb == "compare" => {
            compare::command(&mut arguments).map(|()| true)
        }
        Some(lexopt::Arg::Value(verb)) if verb == "scale" => scale::command(&mut arguments).map(|()| true),
        Some(lexopt::Arg::Value(verb)) if verb == "known" => known::command(&mut arguments).map(|()| true),
        Some(lexopt::Arg::Value(verb)) if verb == "survive" => {
            survive::command(&mut arguments).map(|()| true)
        }
        Some(lexopt::Arg::Value(verb)) if verb == "fuzz" => fuzz::command(&mut arguments),
        Some(lexopt::Arg::Value(verb)) if verb == "zoo" => zoo::command(&mut arguments),
        Some(lexopt::Arg::Value(verb)) if verb == "claims" => claims::command(&mut arguments),
        Some(lexopt::Arg::Value(verb)) if verb == "check" => check::command(&mut arguments),
        Some(lexopt::Arg::Value(verb)) if verb == "explore" => explore::command(&mut arguments),
        Some(lexopt::Arg::Value(verb)) if verb == "models" => models::command(&mut arguments).map(|()| true),
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{}", usage());
            Ok(true)
        }
        Some(lexopt::Arg::Value(verb)) => {
            Err(format!("'{}' is no command\n\n{}", verb.to_string_lossy(), usage()))
        }
        Some(other) => Err(format!("{}\n\n{}", other.unexpected(), usage())),
        None => Err(format!("a command is missing\n\n{}", usage())),
    }
}
