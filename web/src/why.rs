//! Why something happened: from an event back to a person's action or a timer, in words.
//!
//! Every event knows the event that sent its message or armed its timer. Of that chain only what says something is
//! told: events with notes, what a person did, and where it began.

use crate::i18n::words::Words;
use crate::i18n::{doings, sentence};
use crate::session::{Session, weight};
use crate::view::props::WhyLink;
use kraftscope_core::explain;
use kraftscope_core::history::NoteLog;
use kraftscope_core::id::StepId;
use kraftscope_core::note::Note;

/// Links that are told at most.
const LINKS: usize = 8;
/// Causes that are followed at most.
const HOPS: usize = 400;

/// The chain behind the latest notable note at or before the cursor, latest first; empty when there is none.
pub fn chain(session: &Session, words: &Words<'_>) -> Vec<WhyLink> {
    let history = session.history();
    let until = history.first_note(session.event().next());
    let latest = history.notes(0..until).rev().take(2000).find(|log| worth(&log.note));
    latest.map_or_else(Vec::new, |log| behind(session, words, log.event))
}

/// Worth an explanation of its own: a commit is, but it happens all the time and would hide the rest.
fn worth(note: &Note) -> bool {
    explain::is_notable(note) && !matches!(note, Note::HighWatermarkAdvanced { .. })
}

fn behind(session: &Session, words: &Words<'_>, event: StepId) -> Vec<WhyLink> {
    let history = session.history();
    let mut links: Vec<WhyLink> = Vec::new();
    let mut at = Some(event);
    for _ in 0..HOPS {
        let Some(event) = at.filter(|event| event.0 > 0 && links.len() < LINKS) else { break };
        let Some(log) = history.step_log(event) else { break };
        let by_person = session.interventions().iter().any(|done| done.event == event);
        let note = main_note(session, event);
        let first = log.cause.is_none_or(|cause| cause.0 == 0);
        if by_person {
            let sentence = doings::did(words, &log.action);
            links.push(WhyLink { event, time: log.time, sentence, why: String::new(), source: "" });
        } else if let Some(NoteLog { node, note, time, .. }) = note {
            let (sentence, why) = (sentence::note(words, *node, note), sentence::why(words, *node, note));
            if links.last().is_none_or(|last| last.sentence != sentence) {
                links.push(WhyLink { event, time: *time, sentence, why, source: explain::source(note) });
            }
        } else if first && links.len() > 1 {
            let sentence = doings::event(words, log);
            links.push(WhyLink { event, time: log.time, sentence, why: String::new(), source: "" });
        }
        at = log.cause;
    }
    links
}

/// The note that says most about an event.
fn main_note(session: &Session, event: StepId) -> Option<&NoteLog> {
    let history = session.history();
    let numbers = history.first_note(event)..history.first_note(event.next());
    history.notes(numbers).max_by_key(|log| weight(&log.note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use kraftscope_core::sim::genesis::Genesis;

    #[test]
    fn a_fenced_broker_is_followed_back_through_its_causes() {
        let mut session = Session::opening(Genesis::default()).expect("the default makes a cluster");
        let crash = session.read("crash broker-1").expect("reads");
        session.act(session.now(), &crash).expect("is possible");
        assert_eq!(session.until("broker fenced", 20_000), Ok(true));
        let names = session.names();
        let links = chain(&session, &Words { lang: Lang::En, topics: &names });
        assert!(links[0].sentence.contains("orders") || links[0].sentence.contains("fenced"), "{links:?}");
        assert!(links.windows(2).all(|pair| pair[0].event > pair[1].event), "{links:?}");
    }
}
