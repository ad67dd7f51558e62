//! Which notes the Events tab shows. A long run is searched a bit in each frame, so that typing never stalls.

use crate::i18n::words::Words;
use crate::i18n::{doings, sentence};
use crate::session::Session;
use kraftscope_core::explain;
use kraftscope_core::history::{NoteLog, StepLog};
use kraftscope_core::id::{NodeId, StepId, TopicPartition};
use kraftscope_core::note::Lane;
use std::rc::Rc;

/// Notes or events that are looked at in one go.
const BITE: u64 = 4000;
/// The same when each must be put into words first.
const SMALL_BITE: u64 = 800;

/// One line of the list: a note, or an event that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The event.
    pub event: StepId,
    /// The number of the note.
    pub note: Option<u64>,
}

/// What is asked of the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterMsg {
    /// Only what this node did, or what names it; everything without.
    Node(Option<NodeId>),
    /// Only what concerns this partition; everything without.
    Partition(Option<TopicPartition>),
    /// Show messages that arrive and timers that run out, too.
    Every(bool),
}

/// What is shown, and what was found so far.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Lanes that are left out; `None` stands for notes of no lane.
    hidden: Vec<Option<Lane>>,
    query: String,
    /// The query in small letters.
    needle: String,
    node: Option<NodeId>,
    partition: Option<TopicPartition>,
    every: bool,
    found: Rc<Vec<Row>>,
    /// Notes that were looked at; events, when every event is shown.
    looked_at: u64,
    past: u64,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            hidden: vec![None, Some(Lane::Clients)],
            query: String::new(),
            needle: String::new(),
            node: None,
            partition: None,
            every: false,
            found: Rc::default(),
            looked_at: 0,
            past: 0,
        }
    }
}

impl Filter {
    /// Whether notes of this lane are shown.
    pub fn shows(&self, lane: Option<Lane>) -> bool {
        !self.hidden.contains(&lane)
    }

    /// What is searched.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The only node that is shown.
    pub const fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// The only partition that is shown.
    pub const fn partition(&self) -> Option<TopicPartition> {
        self.partition
    }

    /// Whether events without a note are shown.
    pub const fn every(&self) -> bool {
        self.every
    }

    /// What was found so far, in order.
    pub fn found(&self) -> Rc<Vec<Row>> {
        Rc::clone(&self.found)
    }

    /// Whether the whole run was searched.
    pub fn is_complete(&self, session: &Session) -> bool {
        self.looked_at >= self.all(session)
    }

    /// How many there are to look at.
    fn all(&self, session: &Session) -> u64 {
        if self.every { session.end().0 } else { session.history().note_count() }
    }

    /// Changes what is shown.
    pub fn change(&mut self, msg: FilterMsg) {
        match msg {
            FilterMsg::Node(node) => self.node = node,
            FilterMsg::Partition(partition) => self.partition = partition,
            FilterMsg::Every(every) => self.every = every,
        }
        self.restart();
    }

    /// Looks again from the first note.
    pub fn restart(&mut self) {
        self.found = Rc::default();
        self.looked_at = 0;
    }

    /// Shows or hides a lane.
    pub fn toggle(&mut self, lane: Option<Lane>) {
        if self.shows(lane) {
            self.hidden.push(lane);
        } else {
            self.hidden.retain(|hidden| *hidden != lane);
        }
        self.restart();
    }

    /// Searches this text in the sentences.
    pub fn search(&mut self, text: &str) {
        self.query = text.to_owned();
        self.needle = text.trim().to_lowercase();
        self.restart();
    }

    /// Starts again when the past is not what it was.
    pub fn reset_if_cut(&mut self, session: &Session) {
        if self.past != session.past() {
            self.past = session.past();
            self.restart();
        }
    }

    /// Looks at some more notes; returns whether there was something to look at.
    pub fn look(&mut self, session: &Session, words: &Words<'_>) -> bool {
        let all = self.all(session);
        if self.looked_at >= all {
            return false;
        }
        let worded = !self.needle.is_empty() || self.node.is_some() || self.partition.is_some();
        let until = all.min(self.looked_at + if worded { SMALL_BITE } else { BITE });
        let found =
            if self.every { self.events(session, words, until) } else { self.notes(session, words, until) };
        self.looked_at = until;
        if !found.is_empty() {
            Rc::make_mut(&mut self.found).extend(found);
        }
        true
    }

    fn notes(&self, session: &Session, words: &Words<'_>, until: u64) -> Vec<Row> {
        let numbers = self.looked_at..until;
        let rows = numbers.clone().zip(session.notes(numbers));
        let matching = rows.filter(|(_, log)| self.matches(log, words));
        matching.map(|(number, log)| Row { event: log.event, note: Some(number) }).collect()
    }

    fn events(&self, session: &Session, words: &Words<'_>, until: u64) -> Vec<Row> {
        let history = session.history();
        let mut rows = Vec::new();
        for (event, log) in history.steps(StepId(self.looked_at + 1)..StepId(until + 1)) {
            let numbers = history.first_note(event)..history.first_note(event.next());
            if numbers.is_empty() {
                rows.extend(self.shows_event(log, words).then_some(Row { event, note: None }));
                continue;
            }
            let notes = numbers.clone().zip(session.notes(numbers));
            let matching = notes.filter(|(_, log)| self.matches(log, words));
            rows.extend(matching.map(|(number, _)| Row { event, note: Some(number) }));
        }
        rows
    }

    /// Whether an event without a note is shown.
    fn shows_event(&self, log: &StepLog, words: &Words<'_>) -> bool {
        let from = log.delivered.map(|delivered| delivered.from);
        self.partition.is_none()
            && (self.node.is_none() || log.node == self.node || from == self.node)
            && (self.needle.is_empty() || doings::event(words, log).to_lowercase().contains(&self.needle))
    }

    fn matches(&self, log: &NoteLog, words: &Words<'_>) -> bool {
        self.shows(explain::lane(&log.note))
            && self.concerns(log, words)
            && (self.needle.is_empty()
                || sentence::note(words, log.node, &log.note).to_lowercase().contains(&self.needle)
                || explain::key(&log.note).to_lowercase().contains(&self.needle))
    }

    /// Whether a note is about the chosen node and the chosen partition.
    fn concerns(&self, log: &NoteLog, words: &Words<'_>) -> bool {
        if self.node.is_none() && self.partition.is_none() {
            return true;
        }
        let said = sentence::said(words, &log.note);
        let names = |name: String| said.args.iter().any(|(_, value)| *value == name);
        self.node.is_none_or(|node| log.node == Some(node) || names(words.node(node)))
            && self.partition.is_none_or(|partition| names(words.partition(partition)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use kraftscope_core::mode::Mode;
    use kraftscope_core::scenario::words::Names;
    use kraftscope_core::sim::genesis::Genesis;

    fn session() -> Session {
        Session::opening(Genesis::default()).expect("the default genesis makes a cluster")
    }

    fn found(filter: &mut Filter, session: &Session) -> Vec<Row> {
        let names: std::rc::Rc<Names> = session.names();
        let words = Words { lang: Lang::En, mode: Mode::KRaft, topics: &names };
        while filter.look(session, &words) {}
        filter.found().to_vec()
    }

    #[test]
    fn every_event_is_a_row_when_every_event_is_asked_for() {
        let session = session();
        let mut filter = Filter { hidden: Vec::new(), ..Filter::default() };
        filter.change(FilterMsg::Every(true));
        let rows = found(&mut filter, &session);
        let mut events: Vec<StepId> = rows.iter().map(|row| row.event).collect();
        events.dedup();
        assert_eq!(events, (1..=session.end().0).map(StepId).collect::<Vec<_>>());
        assert!(filter.is_complete(&session));
    }

    #[test]
    fn a_node_and_a_partition_leave_only_what_concerns_them() {
        let session = session();
        let partition = session.view().partitions[0].partition;
        let mut filter = Filter { hidden: Vec::new(), ..Filter::default() };
        let all = found(&mut filter, &session).len();
        filter.change(FilterMsg::Partition(Some(partition)));
        let some = found(&mut filter, &session).len();
        filter.change(FilterMsg::Node(Some(NodeId::broker(1))));
        let few = found(&mut filter, &session).len();
        assert!(0 < few && few < some && some < all, "{few} {some} {all}");
    }

    #[test]
    fn a_text_is_found_in_the_sentence_whatever_its_case() {
        let session = session();
        let mut filter = Filter::default();
        filter.search("BEGINS to lead Orders-0");
        assert!(!found(&mut filter, &session).is_empty());
        filter.search("no such sentence");
        assert_eq!(found(&mut filter, &session), []);
    }
}
