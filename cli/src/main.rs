//! `kraftscope`: runs scenarios and benchmarks without a browser.

mod bench;
mod run;

use std::process::ExitCode;

const USAGE: &str = "\
kraftscope run FILE [--trace | --json | --digest]
    Plays a scenario file. Prints what happened, one line a note; --trace adds every event,
    --json prints the picture at the end as JSON, --digest the digest of the state at the end.
kraftscope bench [--json] [--seconds N]
    Measures the simulator on this machine: handled messages and commits per CPU-second,
    snapshots and seeks. The median of five rounds.
";

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("kraftscope: {message}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<(), String> {
    let mut arguments = lexopt::Parser::from_env();
    let first = arguments.next().map_err(|error| error.to_string())?;
    match first {
        Some(lexopt::Arg::Value(verb)) if verb == "run" => run::command(&mut arguments),
        Some(lexopt::Arg::Value(verb)) if verb == "bench" => bench::command(&mut arguments),
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{USAGE}");
            Ok(())
        }
        Some(lexopt::Arg::Value(verb)) => {
            Err(format!("'{}' is no command\n\n{USAGE}", verb.to_string_lossy()))
        }
        Some(other) => Err(format!("{}\n\n{USAGE}", other.unexpected())),
        None => Err(format!("a command is missing\n\n{USAGE}")),
    }
}
