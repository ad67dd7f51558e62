//! Which offsets of a partition are shown.
//!
//! All replicas of a row show the same offsets in the same places, so that reading across compares the logs and a
//! lagging follower is seen to lag. The window moves in jumps of half its width: a picture in which every record
//! moves at every append would say that the records moved.

use kraftscope_core::id::Offset;
use kraftscope_core::view::{ClusterView, LogView, PartitionView};

/// The offsets `start .. start + slots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogWindow {
    /// The first offset that is shown.
    pub start: Offset,
    /// How many places.
    pub slots: u32,
}

impl LogWindow {
    /// The window of a row with `slots` places: it shows the longest log's next slot, and the leader's high
    /// watermark if that is not too far behind.
    pub fn of_partition(partition: &PartitionView, slots: u32) -> LogWindow {
        let longest = partition.copies.iter().map(|copy| copy.log.end).max().unwrap_or_default();
        let window = LogWindow::ending(longest, slots);
        let leader = partition.copies.iter().find(|copy| copy.is_true_leader);
        let Some(hw) = leader.and_then(|leader| leader.log.hw) else { return window };
        let from = Offset(hw.0.saturating_sub(1));
        if from < window.start && longest.0 + 1 - from.0 <= u64::from(slots) {
            LogWindow { start: from, slots }
        } else {
            window
        }
    }

    /// The window of the control plane: one for all controllers.
    pub fn of_logs<'a>(logs: impl Iterator<Item = &'a LogView>, slots: u32) -> LogWindow {
        LogWindow::ending(logs.map(|log| log.end).max().unwrap_or_default(), slots)
    }

    /// The window of the servers of the control plane.
    pub fn of_servers(view: &ClusterView, slots: u32) -> LogWindow {
        let controllers = view.controllers.iter().map(|controller| &controller.log);
        LogWindow::of_logs(controllers.chain(view.zookeepers.iter().map(|member| &member.log)), slots)
    }

    /// The window that shows the next slot `end`.
    pub fn ending(end: Offset, slots: u32) -> LogWindow {
        let slots_wide = u64::from(slots.max(1));
        let jump = (slots_wide / 2).max(1);
        let beyond = (end.0 + 1).saturating_sub(slots_wide);
        LogWindow { start: Offset(beyond.div_ceil(jump) * jump), slots }
    }

    /// The place of `offset`, if it is shown.
    pub fn slot(&self, offset: Offset) -> Option<u32> {
        let place = offset.0.checked_sub(self.start.0)?;
        (place < u64::from(self.slots)).then_some(place as u32)
    }

    /// The boundary before `offset`, clamped to the window's edges.
    pub fn boundary(&self, offset: Offset) -> u32 {
        offset.saturating_sub(self.start).min(u64::from(self.slots)) as u32
    }

    /// Whether something lies to the left of the window.
    pub fn hides(&self, log: &LogView) -> bool {
        log.start < self.start && log.end > log.start
    }
}
