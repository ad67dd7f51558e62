//! The figures of a run: what a row of the table of comparison says.

use super::traffic::Tally;
use super::{Meter, lost};
use crate::sim::Sim;
use crate::time::Span;
use crate::wire::ErrorCode;
use alloc::vec::Vec;
use serde::Serialize;

/// What was counted up to a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Partitions that have had a leader.
    pub partitions: u32,
    /// How long clients have run: what traffic is counted over.
    pub measured: Span,
    /// Partitions that were without a leader at some time.
    pub leaderless_partitions: u32,
    /// The longest time without a leader.
    pub leaderless_longest: Span,
    /// The times without a leader, summed over partitions.
    pub leaderless_total: Span,
    /// Partitions without a leader at the end.
    pub leaderless_now: u32,
    /// From the last fault until every partition had a leader again.
    pub led_again: Option<Span>,
    /// From the last fault to the first acknowledged record where it hurt.
    pub answered_again: Option<Span>,
    /// From losing a controller to the next, for each time.
    pub controller_failovers: Vec<Span>,
    /// For how long there has been no controller at the end.
    pub controller_missing: Option<Span>,
    /// Records that were sent.
    pub sent: u64,
    /// Records whose acknowledgement arrived.
    pub acknowledged: u64,
    /// Records that the application saw fail.
    pub failed: u64,
    /// Records that were acknowledged and are in no log that counts.
    pub lost: u64,
    /// The longest wait for an acknowledgement.
    pub longest_wait: Span,
    /// Errors that clients swallowed, and tried again.
    pub retried: Vec<(ErrorCode, u64)>,
    /// Errors that the application saw.
    pub errors: Vec<(ErrorCode, u64)>,
    /// What is sent whether somebody produces or not.
    pub background: Tally,
    /// What is sent for records.
    pub for_records: Tally,
    /// All messages, by API.
    pub apis: Vec<(&'static str, Tally)>,
}

impl Meter {
    /// The figures up to now, but for lost records, whose count looks at every record.
    pub fn summary(&self, sim: &Sim) -> Summary {
        let now = sim.now();
        let fault = self.fault();
        Summary {
            partitions: self.leaders.partitions(),
            measured: self.since().map_or(Span::ZERO, |since| now.since(since)),
            leaderless_partitions: self.leaders.hit(),
            leaderless_longest: self.leaders.longest(now),
            leaderless_total: self.leaders.total(now),
            leaderless_now: self.leaders.missing(),
            led_again: fault.and_then(|fault| fault.led),
            answered_again: fault.and_then(|fault| fault.answered),
            controller_failovers: self.office.failovers().to_vec(),
            controller_missing: self.office.lost_since().map(|since| now.since(since)),
            sent: self.answers.sent,
            acknowledged: self.answers.acknowledged,
            failed: self.answers.failed,
            lost: 0,
            longest_wait: self.answers.longest_wait(now),
            retried: self.answers.retried.iter().map(|(&error, &n)| (error, n)).collect(),
            errors: self.answers.errors.iter().map(|(&error, &n)| (error, n)).collect(),
            background: self.traffic.background(),
            for_records: self.traffic.records(),
            apis: self.traffic.apis().collect(),
        }
    }
}

/// One figure of a run: what a row of the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Figure {
    /// The longest time that a partition was without a leader.
    WithoutLeader,
    /// How many partitions were.
    Leaderless,
    /// The times without a leader, summed over partitions.
    WithoutLeaderInAll,
    /// From the fault until every partition has a leader.
    LedAgain,
    /// From the fault to the first acknowledged record where it hurt.
    AnsweredAgain,
    /// From losing the controller to the next one: the longest.
    ControllerFailover,
    /// The longest wait for an acknowledgement.
    LongestWait,
    /// Records sent.
    Sent,
    /// Records acknowledged.
    Acknowledged,
    /// Acknowledged records that are gone.
    Lost,
    /// Records that the application saw fail.
    Failed,
    /// Errors after which clients tried again.
    Retried,
    /// Background messages per second.
    Background,
    /// Background bytes per second.
    BackgroundBytes,
    /// Messages for each acknowledged record.
    PerRecord,
    /// Bytes for each acknowledged record.
    PerRecordBytes,
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Microseconds.
    Time,
    /// Things.
    Count,
    /// Tenths of things.
    Tenths,
    /// Things a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
}

impl Figure {
    /// All of them, in the order of the table.
    pub const ALL: [Figure; 16] = [
        Figure::WithoutLeader,
        Figure::Leaderless,
        Figure::WithoutLeaderInAll,
        Figure::LedAgain,
        Figure::AnsweredAgain,
        Figure::ControllerFailover,
        Figure::LongestWait,
        Figure::Sent,
        Figure::Acknowledged,
        Figure::Lost,
        Figure::Failed,
        Figure::Retried,
        Figure::Background,
        Figure::BackgroundBytes,
        Figure::PerRecord,
        Figure::PerRecordBytes,
    ];

    /// A key for words and for machines.
    pub const fn key(self) -> &'static str {
        match self {
            Figure::WithoutLeader => "without-leader",
            Figure::Leaderless => "leaderless",
            Figure::WithoutLeaderInAll => "without-leader-in-all",
            Figure::LedAgain => "led-again",
            Figure::AnsweredAgain => "answered-again",
            Figure::ControllerFailover => "controller-failover",
            Figure::LongestWait => "longest-wait",
            Figure::Sent => "sent",
            Figure::Acknowledged => "acknowledged",
            Figure::Lost => "lost",
            Figure::Failed => "failed",
            Figure::Retried => "retried",
            Figure::Background => "background",
            Figure::BackgroundBytes => "background-bytes",
            Figure::PerRecord => "per-record",
            Figure::PerRecordBytes => "per-record-bytes",
        }
    }

    /// What it is counted in.
    pub const fn unit(self) -> Unit {
        match self {
            Figure::WithoutLeader
            | Figure::WithoutLeaderInAll
            | Figure::LedAgain
            | Figure::AnsweredAgain
            | Figure::ControllerFailover
            | Figure::LongestWait => Unit::Time,
            Figure::Leaderless
            | Figure::Sent
            | Figure::Acknowledged
            | Figure::Lost
            | Figure::Failed
            | Figure::Retried => Unit::Count,
            Figure::Background => Unit::PerSecond,
            Figure::BackgroundBytes => Unit::BytesPerSecond,
            Figure::PerRecord => Unit::Tenths,
            Figure::PerRecordBytes => Unit::Bytes,
        }
    }

    /// What it is in a run; `None` where nothing of the kind happened, or has not ended.
    pub fn of(self, summary: &Summary) -> Option<u64> {
        match self {
            Figure::WithoutLeader => Some(summary.leaderless_longest.0),
            Figure::Leaderless => Some(u64::from(summary.leaderless_partitions)),
            Figure::WithoutLeaderInAll => Some(summary.leaderless_total.0),
            Figure::LedAgain => summary.led_again.map(|span| span.0),
            Figure::AnsweredAgain => summary.answered_again.map(|span| span.0),
            Figure::ControllerFailover => match summary.controller_missing {
                Some(_) => None,
                None => summary.controller_failovers.iter().max().map(|span| span.0),
            },
            Figure::LongestWait => Some(summary.longest_wait.0),
            Figure::Sent => Some(summary.sent),
            Figure::Acknowledged => Some(summary.acknowledged),
            Figure::Lost => Some(summary.lost),
            Figure::Failed => Some(summary.failed),
            Figure::Retried => Some(summary.retried.iter().map(|(_, n)| n).sum()),
            Figure::Background => Some(summary.background_per_second().messages),
            Figure::BackgroundBytes => Some(summary.background_per_second().bytes),
            Figure::PerRecord => Some(summary.per_record().messages),
            Figure::PerRecordBytes => Some(summary.per_record().bytes),
        }
    }
}

impl Summary {
    /// All figures of a run that is measured.
    pub fn of(sim: &Sim) -> Option<Summary> {
        let meter = sim.meter()?;
        Some(Summary { lost: lost(sim, meter), ..meter.summary(sim) })
    }

    /// Background messages and bytes per second.
    pub fn background_per_second(&self) -> Tally {
        let per_second = |n: u64| n.saturating_mul(1_000_000) / self.measured.0.max(1);
        Tally { messages: per_second(self.background.messages), bytes: per_second(self.background.bytes) }
    }

    /// Messages, in tenths, and bytes for each acknowledged record.
    pub fn per_record(&self) -> Tally {
        let records = self.acknowledged.max(1);
        Tally { messages: self.for_records.messages * 10 / records, bytes: self.for_records.bytes / records }
    }
}
