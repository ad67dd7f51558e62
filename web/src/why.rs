//! Why something happened, and why nothing does, in words.
//!
//! The chains are the core's (`explain`); which note a chain begins at is chosen here: the latest notable one that
//! concerns what is selected, or the latest of all.

use crate::i18n::words::{Word, Words};
use crate::i18n::{capital, doings, sentence};
use crate::select::Selection;
use crate::session::Session;
use crate::view::props::WhyLink;
use kraftscope_core::explain::{self, Link, Stuck};
use kraftscope_core::history::NoteLog;
use kraftscope_core::note::Note;
use kraftscope_core::time::Time;

/// Notes that are looked at, backwards from the cursor.
const BACK: usize = 4000;

/// The chain behind the latest thing worth it at or before the cursor, latest first; empty when there is none.
pub fn chain(session: &Session, selected: Option<Selection>, words: &Words<'_>) -> Vec<WhyLink> {
    let history = session.history();
    let until = history.first_note(session.event().next());
    let mut latest = history.notes(0..until).rev().take(BACK);
    let Some(log) = latest.find(|log| worth(&log.note) && concerns(log, selected, words)) else {
        return Vec::new();
    };
    let place = history.notes_of(log.event).position(|note| *note == log.note).unwrap_or(0);
    let links = explain::chain_of(log.event, place as u32, |event| explain::step_of(history, event));
    links.iter().map(|link| told(session, link, words)).collect()
}

/// Worth an explanation of its own: a commit is, but it happens all the time and would hide the rest.
fn worth(note: &Note) -> bool {
    explain::is_notable(note) && !matches!(note, Note::HighWatermarkAdvanced { .. })
}

/// Whether a note is about what is selected: it happened there, or it names it.
fn concerns(log: &NoteLog, selected: Option<Selection>, words: &Words<'_>) -> bool {
    let Some(selected) = selected else { return true };
    let names = |value: String| sentence::said(words, &log.note).args.iter().any(|(_, arg)| *arg == value);
    match (selected, selected.partition(), selected.node()) {
        (Selection::Group(group), ..) => names(group.to_string()),
        (_, Some(partition), _) => names(words.partition(partition)),
        (_, None, Some(node)) => log.node == Some(node) || names(words.node(node)),
        (_, None, None) => true,
    }
}

fn told(session: &Session, link: &Link, words: &Words<'_>) -> WhyLink {
    let by_person = session.interventions().iter().any(|done| done.event == link.event);
    let (sentence, why, source) = match (link.note, link.action) {
        (_, Some(action)) if by_person => (doings::did(words, &action), String::new(), ""),
        (Some(note), _) => (
            sentence::note(words, link.node, &note),
            sentence::why(words, link.node, &note),
            explain::source(&note, words.mode),
        ),
        (None, _) => {
            let log = session.history().step_log(link.event);
            (log.map(|log| doings::event(words, log)).unwrap_or_default(), String::new(), "")
        }
    };
    WhyLink { event: link.event, time: link.time, sentence, why, source }
}

/// Why nothing happens, the gravest first.
pub fn stuck(session: &Session, words: &Words<'_>) -> Vec<String> {
    let sim = session.history().sim();
    explain::stuck(sim.world(), sim.net())
        .iter()
        .filter(|found| is_grave(found))
        .map(|found| say(found, words))
        .collect()
}

/// What passes by itself within milliseconds is not worth a line.
const fn is_grave(found: &Stuck) -> bool {
    !matches!(
        found,
        Stuck::HighWatermarkWaitsFor { .. }
            | Stuck::LeaderNotAware { .. }
            | Stuck::NoControllerYet
            | Stuck::ProduceWaitsForIsr { .. }
            | Stuck::IsrChangeWaitsForController { .. }
    )
}

fn say(found: &Stuck, words: &Words<'_>) -> String {
    let until = |time: Option<Time>| time.map_or_else(|| "?".to_owned(), |time| words.time(time));
    let args: Vec<(&str, String)> = match *found {
        Stuck::NoQuorum { up, needed } | Stuck::NoEnsemble { up, needed } => {
            vec![("up", up.to_string()), ("needed", needed.to_string())]
        }
        Stuck::NoGroupMajority { partition, up, needed } => vec![
            ("partition", words.partition(partition)),
            ("up", up.to_string()),
            ("needed", needed.to_string()),
        ],
        Stuck::NoGroupLeaderYet { partition } => vec![("partition", words.partition(partition))],
        Stuck::ControllerSilent { controller, session_until } => {
            vec![("controller", words.node(controller)), ("until", until(session_until))]
        }
        Stuck::NoControllerYet => Vec::new(),
        Stuck::BrokerNotRegistered { broker, session_until } => {
            vec![("broker", words.node(broker)), ("until", until(session_until))]
        }
        Stuck::FencedBroker { broker, reaches_controller } => {
            vec![("broker", words.node(broker)), ("reaches", reaches_controller.word(words))]
        }
        Stuck::NoLeaderOnlyIsrMemberDown { partition, member, unclean_election } => vec![
            ("partition", words.partition(partition)),
            ("member", words.node(member)),
            ("unclean", unclean_election.word(words)),
        ],
        Stuck::NoLeaderIsrMemberFenced { partition, member } => {
            vec![("partition", words.partition(partition)), ("member", words.node(member))]
        }
        Stuck::LeaderSilent { partition, leader, session_until } => vec![
            ("partition", words.partition(partition)),
            ("leader", words.node(leader)),
            ("until", until(session_until)),
        ],
        Stuck::LeaderNotAware { partition, leader } => {
            vec![("partition", words.partition(partition)), ("leader", words.node(leader))]
        }
        Stuck::UnderMinIsr { partition, isr, min_isr } => vec![
            ("partition", words.partition(partition)),
            ("isr", words.nodes(&isr)),
            ("min", min_isr.to_string()),
        ],
        Stuck::IsrChangeWaitsForController { partition, leader, proposed } => vec![
            ("partition", words.partition(partition)),
            ("leader", words.node(leader)),
            ("proposed", words.nodes(&proposed)),
        ],
        Stuck::ProduceWaitsForIsr { partition, waiting_for, member } => vec![
            ("partition", words.partition(partition)),
            ("offset", waiting_for.to_string()),
            ("member", words.node(member)),
        ],
        Stuck::HighWatermarkWaitsFor { partition, member, leo, .. } => vec![
            ("partition", words.partition(partition)),
            ("member", words.node(member)),
            ("leo", leo.to_string()),
        ],
    };
    let key = match found {
        Stuck::BrokerNotRegistered { session_until: None, .. } => "BrokerNotRegistered.cut",
        Stuck::LeaderSilent { session_until: None, .. } => "LeaderSilent.unknown",
        Stuck::ControllerSilent { session_until: None, .. } => "ControllerSilent.unknown",
        _ => found.key(),
    };
    let text = words.tell(&format!("stuck.{key}"), &args);
    let is_name = args.iter().any(|(name, value)| *name == "partition" && text.starts_with(value.as_str()));
    if is_name { text } else { capital(&text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use kraftscope_core::id::NodeId;
    use kraftscope_core::mode::Mode;
    use kraftscope_core::sim::genesis::Genesis;

    fn after(line: &str, until: &str) -> Session {
        let mut session = Session::opening(Genesis::default()).expect("the default makes a cluster");
        let actions = session.read(line).expect("reads");
        session.act(session.now(), &actions).expect("is possible");
        assert_eq!(session.until(until, 20_000), Ok(true));
        session
    }

    #[test]
    fn an_election_is_followed_back_to_the_person_who_stopped_the_leader() {
        let session = after("crash broker-1", "new leader");
        let names = session.names();
        let links = chain(&session, None, &Words { lang: Lang::En, mode: Mode::KRaft, topics: &names });
        let last = links.last().map(|link| link.sentence.as_str());
        assert_eq!(last, Some("You crashed broker 1."), "{links:#?}");
    }

    #[test]
    fn a_broken_promise_is_told_before_the_crash_that_broke_it() {
        let broken = Note::InvariantBroken { invariant: 0, partition: None, node: None, offset: None };
        let crashed = Note::Crashed { node: NodeId::broker(1), lost: 0 };
        assert!(crate::session::weight(&broken) > crate::session::weight(&crashed));
    }

    #[test]
    fn what_is_selected_has_a_chain_of_its_own() {
        let session = after("crash broker-1", "new leader");
        let names = session.names();
        let words = Words { lang: Lang::En, mode: Mode::KRaft, topics: &names };
        let links = chain(&session, Some(Selection::Node(NodeId::broker(1))), &words);
        assert!(links[0].sentence.contains("roker 1"), "{links:#?}");
    }

    #[test]
    fn a_quorum_without_majority_says_why_nothing_happens() {
        let session = after("crash controller-1", "time >= 1s");
        let mut session = session;
        let more = session.read("crash controller-2").expect("reads");
        session.act(session.now(), &more).expect("is possible");
        let names = session.names();
        let lines = stuck(&session, &Words { lang: Lang::En, mode: Mode::KRaft, topics: &names });
        assert!(lines.first().is_some_and(|line| line.contains("majority")), "{lines:?}");
    }
}
