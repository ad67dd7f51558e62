//! Which notes the Events tab shows. A long run is searched a bit in each frame, so that typing never stalls.

use crate::i18n::sentence;
use crate::i18n::words::Words;
use crate::session::Session;
use kraftscope_core::explain;
use kraftscope_core::history::NoteLog;
use kraftscope_core::note::Lane;
use std::rc::Rc;

/// Notes that are looked at in one go.
const BITE: u64 = 4000;

/// What is shown, and what was found so far.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Lanes that are left out; `None` stands for notes of no lane.
    hidden: Vec<Option<Lane>>,
    query: String,
    found: Rc<Vec<u64>>,
    looked_at: u64,
    past: u64,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            hidden: vec![None, Some(Lane::Clients)],
            query: String::new(),
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

    /// Numbers of the notes found so far, in order.
    pub fn found(&self) -> Rc<Vec<u64>> {
        Rc::clone(&self.found)
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
        self.query = text.to_lowercase();
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
        let count = session.history().note_count();
        if self.looked_at >= count {
            return false;
        }
        let until = count.min(self.looked_at + BITE);
        let mut found: Vec<u64> = Vec::new();
        for (number, log) in (self.looked_at..until).zip(session.notes(self.looked_at..until)) {
            if self.matches(log, words) {
                found.push(number);
            }
        }
        self.looked_at = until;
        Rc::make_mut(&mut self.found).extend(found);
        true
    }

    fn matches(&self, log: &NoteLog, words: &Words<'_>) -> bool {
        self.shows(explain::lane(&log.note))
            && (self.query.is_empty()
                || sentence::note(words, log.node, &log.note).to_lowercase().contains(&self.query)
                || explain::key(&log.note).to_lowercase().contains(&self.query))
    }
}
