//! What happened in runs, counted.

use kraftscope_core::check::Why;
use kraftscope_core::note::Note;
use kraftscope_core::sim::Sim;
use serde::Serialize;

/// Sums over runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Runs.
    pub seeds: u64,
    /// Events.
    pub steps: u64,
    /// Inputs that processes handled.
    pub handled: u64,
    /// Leaders that were chosen, of partitions and of the metadata quorum.
    pub elections: u64,
    /// Records that were committed, metadata not counted.
    pub commits: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Directions that were cut.
    pub partitions: u64,
    /// Broken promises.
    pub violations: u64,
    /// Partitions whose promises became void by an unclean election.
    pub void_unclean: u64,
    /// Partitions whose promises became void since nobody but a replica that had lost records could lead.
    pub void_lost_records: u64,
    /// Partitions whose promises became void by a proposal that its leader forgot.
    pub void_forgotten: u64,
    /// Partitions whose promises became void by a leader that had not heard of a larger min.insync.replicas.
    pub void_min_isr: u64,
}

impl Tally {
    /// Counts the notes of one step.
    pub fn note(&mut self, notes: &[Note]) {
        for note in notes {
            match note {
                Note::LeaderElected { .. } | Note::BecameQuorumLeader { .. } => self.elections += 1,
                Note::HighWatermarkAdvanced { from, to, .. } | Note::RaftCommitted { from, to, .. } => {
                    self.commits += to.0.saturating_sub(from.0);
                }
                Note::Crashed { .. } => self.crashes += 1,
                Note::LinkCut { .. } => self.partitions += 1,
                _ => {}
            }
        }
    }

    /// Counts what a run leaves at its end.
    pub fn finish(&mut self, sim: &Sim) {
        self.seeds += 1;
        self.steps += sim.event().0;
        self.handled += sim.handled();
        for (_, why) in sim.checker().into_iter().flat_map(|checker| checker.void()) {
            match why {
                Why::UncleanElection { .. } => self.void_unclean += 1,
                Why::LeaderLostRecords { .. } => self.void_lost_records += 1,
                Why::ForgottenProposal { .. } => self.void_forgotten += 1,
                Why::MinIsrUnheardOf { .. } => self.void_min_isr += 1,
                Why::DroppedReplicaEligible { .. } | Why::TooManyLosses { .. } | Why::MemberForgot { .. } => {
                }
                Why::NoAcksAll
                | Why::NoIdempotence
                | Why::Disordered { .. }
                | Why::ElrOff
                | Why::NoIsr
                | Why::NoGroups
                | Why::ReadsUnconfirmed
                | Why::MinIsrNotEnforced => {}
            }
        }
    }

    /// Adds the sums of other runs.
    pub fn add(&mut self, other: &Tally) {
        self.seeds += other.seeds;
        self.steps += other.steps;
        self.handled += other.handled;
        self.elections += other.elections;
        self.commits += other.commits;
        self.crashes += other.crashes;
        self.partitions += other.partitions;
        self.violations += other.violations;
        self.void_unclean += other.void_unclean;
        self.void_lost_records += other.void_lost_records;
        self.void_forgotten += other.void_forgotten;
        self.void_min_isr += other.void_min_isr;
    }
}
