//! A pane: one variant of the cluster, and the script played in it.

use super::script::Script;
use crate::session::{PATIENCE, Session};
use kraftscope_core::compare::target::{here, resolve};
use kraftscope_core::compare::{Differ, Nowhere, Variant};
use kraftscope_core::time::Time;

/// The most panes.
pub const MOST: usize = 3;

/// What had no meaning in a pane.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmet {
    /// When it was its turn.
    pub at: Time,
    /// What was asked for.
    pub line: String,
    /// Why not.
    pub why: Nowhere,
}

/// One variant.
#[derive(Debug)]
pub struct Pane {
    /// In what it differs.
    pub variant: Variant,
    /// Its run; the page has that of the pane in focus.
    pub session: Option<Session>,
    /// What had no meaning in it.
    pub unmet: Vec<Unmet>,
}

/// Plays the script in every variant; returns it with the moments at which its steps were.
pub(super) fn play(script: &Script, differ: &Differ) -> Result<(Script, Vec<Pane>), String> {
    let mut script = script.clone();
    let mut panes = Vec::new();
    for variant in differ.variants().into_iter().take(MOST) {
        let session = Session::measured(variant.of(&script.base)?)?;
        panes.push(Pane { variant, session: Some(session), unmet: Vec::new() });
    }
    let mut now = Time::ZERO;
    for step in &mut script.steps {
        step.at = now + step.after;
        now = step.at;
        for pane in &mut panes {
            let Some(session) = &mut pane.session else { continue };
            session.seek_time(step.at);
            match step.line.strip_prefix("until ") {
                Some(condition) => match wait(session, step.at, condition) {
                    Ok(()) => now = now.max(session.now()),
                    Err(why) => pane.unmet.push(Unmet { at: step.at, line: step.line.clone(), why }),
                },
                None => pane.unmet.extend(act(session, step.at, &step.line)),
            }
        }
        step.then = now;
    }
    script.settle();
    Ok((script, panes))
}

/// Lets the condition come true; a pane in which it does not stays where it was.
fn wait(session: &mut Session, from: Time, condition: &str) -> Result<(), Nowhere> {
    if session.holds(condition) {
        return Ok(());
    }
    let came = session.until(condition, PATIENCE).map_err(Nowhere::NotNow)?;
    if !came {
        session.seek_time(from);
        return Err(Nowhere::NotNow(format!("'{condition}' does not come true")));
    }
    Ok(())
}

/// Does what the line says, as it is meant in this pane. Returns what had no meaning.
pub(super) fn act(session: &mut Session, at: Time, line: &str) -> Vec<Unmet> {
    let unmet = |line: &str, why: Nowhere| Unmet { at, line: line.to_owned(), why };
    let lines = match resolve(line, session.history().sim(), &session.names()) {
        Ok(lines) => lines,
        Err(why) => return vec![unmet(line, why)],
    };
    let mut left = Vec::new();
    for concrete in lines {
        let actions = match session.read(&concrete) {
            Ok(actions) => actions,
            Err(why) => {
                left.push(unmet(&concrete, Nowhere::NotNow(why)));
                continue;
            }
        };
        for action in actions {
            let done = here(action, session.history().sim().world())
                .and_then(|action| session.act(at, &[action]).map_err(Nowhere::NotNow));
            left.extend(done.err().map(|why| unmet(&concrete, why)));
        }
    }
    left
}
