//! What the checker remembers of one log, and what must hold of every log, of metadata or data (L1 to L4, L7).
//!
//! Looks at new entries only. After a cut it looks at the whole log again: cuts are rare, and nobody but the log
//! itself could say how deep one was.

use super::findings::{Findings, Subject};
use super::table::Rule;
use crate::epochs::{EpochEntry, LeaderEpochCache};
use crate::id::{LeaderEpoch, Offset};
use crate::log::Log;
use alloc::vec::Vec;

/// What was last seen of a log.
#[derive(Clone, Debug, Default)]
pub(super) struct LogSeen {
    pub(super) start: Offset,
    pub(super) end: Offset,
    pub(super) truncations: u32,
    /// Up to here it was found equal to what is committed.
    pub(super) agrees: Offset,
    /// First offset of each epoch, derived from the entries.
    pub(super) runs: Vec<EpochEntry>,
}

/// What happened to a log since it was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Growth {
    /// Entries from here on were not looked at yet.
    pub(super) from: Offset,
    /// Where they end.
    pub(super) to: Offset,
    /// The end was cut.
    pub(super) cut: bool,
}

impl LogSeen {
    /// Whether nothing happened to the log.
    pub(super) fn is<R: Copy>(&self, log: &Log<R>) -> bool {
        self.end == log.end() && self.truncations == log.truncations() && self.start == log.start()
    }

    /// The epoch of the entry at `offset`, as it was when last seen.
    pub(super) fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        if offset >= self.end {
            return None;
        }
        let after = self.runs.partition_point(|run| run.start <= offset);
        self.runs[..after].last().map(|run| run.epoch)
    }

    /// Takes note of what the log is now: checks the order of epochs (L2) and derives the runs anew.
    pub(super) fn follow<R: Copy>(
        &mut self,
        log: &Log<R>,
        subject: Subject,
        findings: &mut Findings,
    ) -> Growth {
        let (start, kept) = (log.start(), self.start <= log.start() && log.start() <= self.end);
        let cut = self.truncations != log.truncations() || !kept;
        if cut {
            self.runs.clear();
            self.agrees = start;
        } else if start != self.start {
            self.drop_before(start);
        }
        let from = if cut { start } else { self.end };
        let mut last = self.runs.last().map(|run| run.epoch);
        for (offset, entry) in log.iter(from, log.end()) {
            if last != Some(entry.epoch) {
                findings.check(Rule::L2, last <= Some(entry.epoch), subject.at(offset));
                self.runs.push(EpochEntry { epoch: entry.epoch, start: offset });
                last = Some(entry.epoch);
            }
        }
        (self.start, self.end, self.truncations) = (log.start(), log.end(), log.truncations());
        Growth { from, to: log.end(), cut }
    }

    /// The log lost its beginning: what is left was looked at.
    fn drop_before(&mut self, start: Offset) {
        let before = self.runs.iter().take_while(|run| run.start <= start).count();
        self.runs.drain(..before.saturating_sub(1));
        if let Some(first) = self.runs.first_mut() {
            first.start = first.start.max(start);
        }
        if start == self.end {
            self.runs.clear();
        }
        self.agrees = self.agrees.max(start);
    }

    /// L3: the cache is what the entries say, and at most one line more at the log end, of a leader that has not
    /// written.
    pub(super) fn check_cache(&self, cache: &LeaderEpochCache, subject: Subject, findings: &mut Findings) {
        let lines = cache.entries();
        let known = lines.len().min(self.runs.len());
        let exact = lines[..known] == self.runs && lines[known..].iter().all(|line| line.start == self.end);
        findings.check(Rule::L3, exact && lines.len() <= known + 1, subject);
    }
}

/// L1 for one log. `hw` is `None` while it is unknown.
pub(super) fn check_order<R: Copy>(
    log: &Log<R>,
    hw: Option<Offset>,
    subject: Subject,
    findings: &mut Findings,
) {
    let ordered = log.start() <= log.end()
        && log.flushed() <= log.end()
        && hw.is_none_or(|hw| hw <= log.end() && (hw >= log.start() || hw == Offset(0)));
    findings.check(Rule::L1, ordered, subject);
}

/// L4 and, with `prefixes`, the rule that whole prefixes are equal: entries of `from .. to` of `log` against `other`.
pub(super) fn check_same<R: Copy + PartialEq>(
    log: &Log<R>,
    other: &Log<R>,
    growth: Growth,
    prefixes: Option<Rule>,
    subject: Subject,
    findings: &mut Findings,
) {
    let mut differs = None;
    let mut prefix_differs = None;
    for (offset, mine) in log.iter(growth.from, growth.to) {
        let Some(theirs) = other.get(offset) else { continue };
        if mine.epoch != theirs.epoch {
            continue;
        }
        if mine.body != theirs.body {
            differs.get_or_insert(offset);
        }
        // One of them may begin here, after a snapshot.
        let before =
            offset.0.checked_sub(1).map(Offset).filter(|&last| last >= log.start().max(other.start()));
        if prefixes.is_some() && before.is_some_and(|before| log.get(before) != other.get(before)) {
            prefix_differs.get_or_insert(offset);
        }
    }
    findings.compare(Rule::L4, differs, subject);
    if let Some(rule) = prefixes {
        findings.compare(rule, prefix_differs, subject);
    }
}

/// The first offset of `from .. to` at which `log` does not hold what `truth` holds.
pub(super) fn parts_at<R: Copy + PartialEq>(
    log: &Log<R>,
    truth: &Log<R>,
    from: Offset,
    to: Offset,
) -> Option<Offset> {
    let from = from.max(log.start()).max(truth.start());
    truth.iter(from, to).find(|&(offset, entry)| log.get(offset) != Some(entry)).map(|(offset, _)| offset)
}

/// L7: what a leader's log may not do between two looks within one reign.
pub(super) fn check_append_only(
    before: &LogSeen,
    now: (Offset, u32),
    subject: Subject,
    findings: &mut Findings,
) {
    let (end, truncations) = now;
    findings.check(Rule::L7, end >= before.end && truncations == before.truncations, subject);
}
