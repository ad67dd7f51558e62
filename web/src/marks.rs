//! What the timeline shows: for each lane the times at which something happened, and how they fall on pixels.
//!
//! Pure. Grows with the history and is cut when the past changes; never looks at a note twice.

use kraftscope_core::explain;
use kraftscope_core::history::History;
use kraftscope_core::id::StepId;
use kraftscope_core::note::Lane;
use kraftscope_core::time::Time;

/// The lanes from top to bottom.
pub const LANES: [Lane; 5] = [Lane::Elections, Lane::Isr, Lane::Commits, Lane::Clients, Lane::Faults];

/// The name of a lane in keys.
pub const fn lane_name(lane: Lane) -> &'static str {
    match lane {
        Lane::Elections => "elections",
        Lane::Isr => "isr",
        Lane::Commits => "commits",
        Lane::Clients => "clients",
        Lane::Faults => "faults",
    }
}

/// One note on a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub time: Time,
    /// Which event.
    pub event: StepId,
    /// It is a notable note.
    pub notable: bool,
}

/// All marks, by lane, in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    lanes: [Vec<Mark>; 5],
    /// Notes of the history that were looked at.
    seen: u64,
}

/// How one pixel column of a lane looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Column, from 0.
    pub x: u32,
    /// Notes in it.
    pub count: u32,
    /// One of them is notable.
    pub notable: bool,
}

/// A stretch of time and the pixels that show it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Time at the left edge.
    pub from: Time,
    /// Time at the right edge; always after `from`.
    pub to: Time,
    /// Pixels from the left to the right edge.
    pub width: f64,
}

impl Scale {
    /// A scale that is at least a millisecond long and a pixel wide.
    pub fn new(from: Time, to: Time, width: f64) -> Scale {
        Scale { from, to: Time(to.0.max(from.0.saturating_add(1000))), width: width.max(1.0) }
    }

    /// Where a time falls; may lie outside.
    pub fn x(&self, time: Time) -> f64 {
        (time.0 as f64 - self.from.0 as f64) / (self.to.0 - self.from.0) as f64 * self.width
    }

    /// Which time falls there.
    pub fn time(&self, x: f64) -> Time {
        let micros = self.from.0 as f64 + x / self.width * (self.to.0 - self.from.0) as f64;
        Time(micros.max(0.0) as u64)
    }

    /// Zoomed by `factor` (below 1 shows less) around the time at `x`, within zero and `end`.
    #[must_use]
    pub fn zoomed(&self, x: f64, factor: f64, end: Time) -> Scale {
        let whole = end.0.max(1000) as f64;
        let span = ((self.to.0 - self.from.0) as f64 * factor).clamp(1000.0, whole);
        let centre = self.time(x).0 as f64;
        let from = (centre - span * x / self.width).clamp(0.0, (whole - span).max(0.0));
        Scale::new(Time(from as u64), Time((from + span) as u64), self.width)
    }
}

impl Marks {
    /// Looks at the notes that are new.
    pub fn extend(&mut self, history: &History) {
        let count = history.note_count();
        for log in history.notes(self.seen.min(count)..count) {
            if let Some(lane) = explain::lane(&log.note) {
                let notable = explain::is_notable(&log.note);
                self.lanes[place(lane)].push(Mark { time: log.time, event: log.event, notable });
            }
        }
        self.seen = count;
    }

    /// Forgets everything after `event`; the history must have been cut there, and only have grown since.
    pub fn truncate(&mut self, event: StepId, notes: u64) {
        for lane in &mut self.lanes {
            let kept = lane.partition_point(|mark| mark.event <= event);
            lane.truncate(kept);
        }
        self.seen = self.seen.min(notes);
    }

    /// The marks of one lane.
    pub fn lane(&self, lane: Lane) -> &[Mark] {
        &self.lanes[place(lane)]
    }

    /// The columns of one lane that hold something, from left to right: one per pixel at the most.
    pub fn columns(&self, lane: Lane, scale: &Scale) -> Vec<Column> {
        let marks = self.lane(lane);
        let first = marks.partition_point(|mark| mark.time < scale.from);
        let mut columns: Vec<Column> = Vec::new();
        for mark in marks[first..].iter().take_while(|mark| mark.time <= scale.to) {
            let x = scale.x(mark.time) as u32;
            match columns.last_mut() {
                Some(last) if last.x == x => {
                    last.count += 1;
                    last.notable |= mark.notable;
                }
                _ => columns.push(Column { x, count: 1, notable: mark.notable }),
            }
        }
        columns
    }
}

const fn place(lane: Lane) -> usize {
    match lane {
        Lane::Elections => 0,
        Lane::Isr => 1,
        Lane::Commits => 2,
        Lane::Clients => 3,
        Lane::Faults => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(times: &[u64]) -> Marks {
        let mut marks = Marks::default();
        marks.lanes[0] = times
            .iter()
            .enumerate()
            .map(|(i, &time)| Mark { time: Time(time), event: StepId(i as u64 + 1), notable: i % 2 == 0 })
            .collect();
        marks.seen = times.len() as u64;
        marks
    }

    #[test]
    fn marks_of_one_pixel_are_one_column() {
        let marks = marks(&[0, 4_000, 5_000, 90_000]);
        let scale = Scale::new(Time(0), Time(100_000), 10.0);
        let columns = marks.columns(Lane::Elections, &scale);
        assert_eq!(
            columns,
            [Column { x: 0, count: 3, notable: true }, Column { x: 9, count: 1, notable: false }]
        );
    }

    #[test]
    fn only_what_lies_within_the_scale_is_shown() {
        let marks = marks(&[0, 4_000, 5_000, 90_000]);
        let scale = Scale::new(Time(4_500), Time(50_000), 100.0);
        assert_eq!(marks.columns(Lane::Elections, &scale).len(), 1);
    }

    #[test]
    fn a_cut_past_loses_its_marks() {
        let mut marks = marks(&[0, 4_000, 5_000, 90_000]);
        marks.truncate(StepId(2), 2);
        assert_eq!(marks.lane(Lane::Elections).len(), 2);
        assert_eq!(marks.seen, 2);
    }

    #[test]
    fn a_time_falls_on_a_pixel_and_back() {
        let scale = Scale::new(Time(1_000_000), Time(3_000_000), 200.0);
        assert!((scale.x(Time(2_000_000)) - 100.0).abs() < 1e-9);
        assert_eq!(scale.time(50.0), Time(1_500_000));
        assert_eq!(scale.time(-1e9), Time(0));
    }

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        let scale = Scale::new(Time(0), Time(10_000_000), 100.0);
        let near = scale.zoomed(30.0, 0.5, Time(10_000_000));
        assert_eq!(near.time(30.0), scale.time(30.0));
        assert_eq!(near.zoomed(30.0, 100.0, Time(10_000_000)), scale);
    }
}
