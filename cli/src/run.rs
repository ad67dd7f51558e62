//! `kraftscope run`: plays a scenario file.

use kraftscope_core::history::History;
use kraftscope_core::id::{NodeId, StepId};
use kraftscope_core::scenario::{actions, words::Names};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    Notes,
    Trace,
    Json,
    Digest,
}

/// Entries of each log in the JSON picture.
const CELLS: u32 = 64;

pub(crate) fn command(arguments: &mut lexopt::Parser) -> Result<(), String> {
    let (mut file, mut show) = (None, Show::Notes);
    while let Some(argument) = arguments.next().map_err(|error| error.to_string())? {
        match argument {
            lexopt::Arg::Long("trace") => show = Show::Trace,
            lexopt::Arg::Long("json") => show = Show::Json,
            lexopt::Arg::Long("digest") => show = Show::Digest,
            lexopt::Arg::Value(path) if file.is_none() => file = Some(path),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let file = file.ok_or("a scenario file is missing: kraftscope run FILE")?;
    let path = file.to_string_lossy();
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{path}: {error}"))?;
    let history = History::from_text(&text).map_err(|error| format!("{path}: {error}"))?;
    print(&history, show)
}

fn print(history: &History, show: Show) -> Result<(), String> {
    match show {
        Show::Notes => print_notes(history),
        Show::Trace => print_trace(history),
        Show::Digest => println!("{:016x}", history.digest()),
        Show::Json => {
            let view = history.sim().view(CELLS);
            println!("{}", serde_json::to_string_pretty(&view).map_err(|error| error.to_string())?);
        }
    }
    Ok(())
}

fn who(node: Option<NodeId>) -> String {
    node.map_or_else(String::new, |node| node.to_string())
}

fn print_notes(history: &History) {
    let end = history.first_note(history.event().next());
    for log in history.notes(0..end) {
        println!("{:>12}  {:>7}  {:<13} {:?}", log.time.to_string(), log.event, who(log.node), log.note);
    }
}

fn print_trace(history: &History) {
    let names: Names = history.names();
    for (event, step) in history.steps(StepId(1)..history.event().next()) {
        let what = match step.delivered {
            Some(message) => {
                let kind = if message.request { "request" } else { "response" };
                format!("{} {kind} from {}", message.api, message.from)
            }
            None => actions::show(&step.action, &names),
        };
        let cause = step.cause.map_or_else(String::new, |cause| format!("  <- {cause}"));
        println!("{:>12}  {event:>7}  {:<13} {what}{cause}", step.time.to_string(), who(step.node));
        for note in history.notes_of(event) {
            println!("{:38}{note:?}", "");
        }
    }
}
