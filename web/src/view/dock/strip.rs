//! The columns of all lanes on one scale, kept while the run grows: a mark is looked at once per scale, so that a run
//! of 100,000 events costs nothing while it stands still and little while it grows. Also: what lies under the pointer.

use crate::marks::{Column, LANES, Mark, Marks, Scale};
use kraftscope_core::note::Lane;

/// Pixels within which the pointer finds a mark.
const REACH: f64 = 5.0;

/// The columns of the lanes, in the order of [`LANES`].
#[derive(Clone, Debug, Default)]
pub(super) struct Strip {
    scale: Option<Scale>,
    past: u64,
    seen: [usize; 5],
    columns: [Vec<Column>; 5],
}

impl Strip {
    /// Brings the columns into step with the marks; returns whether they changed.
    pub(super) fn update(&mut self, marks: &Marks, scale: Scale, past: u64) -> bool {
        let fresh = self.scale != Some(scale)
            || self.past != past
            || LANES.iter().zip(self.seen).any(|(lane, seen)| marks.lane(*lane).len() < seen);
        if fresh {
            *self = Strip { scale: Some(scale), past, ..Strip::default() };
        }
        let mut changed = fresh;
        for (place, lane) in LANES.into_iter().enumerate() {
            let all = marks.lane(lane);
            changed |= all.len() > self.seen[place];
            extend(&mut self.columns[place], &all[self.seen[place]..], &scale);
            self.seen[place] = all.len();
        }
        changed
    }

    /// The columns of the lane at that place.
    pub(super) fn lane(&self, place: usize) -> &[Column] {
        &self.columns[place]
    }
}

fn extend(columns: &mut Vec<Column>, marks: &[Mark], scale: &Scale) {
    let first = marks.partition_point(|mark| mark.time < scale.from);
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
}

/// What lies under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// The mark: a notable one before a nearer one that is not.
    pub(super) mark: Mark,
    /// Others of the lane that lie there, too.
    pub(super) others: u32,
}

/// The mark of a lane at that pixel.
pub(super) fn hit(marks: &Marks, lane: Lane, scale: &Scale, x: f64) -> Option<Hit> {
    let all = marks.lane(lane);
    let (left, right) = (scale.time((x - REACH).max(0.0)), scale.time((x + REACH).min(scale.width)));
    let first = all.partition_point(|mark| mark.time < left);
    let near = &all[first..first + all[first..].partition_point(|mark| mark.time <= right)];
    let distance = |mark: &Mark| (scale.x(mark.time) - x).abs();
    let best =
        near.iter().min_by(|a, b| (!a.notable).cmp(&!b.notable).then(distance(a).total_cmp(&distance(b))))?;
    Some(Hit { mark: *best, others: near.len() as u32 - 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::history::History;
    use kraftscope_core::id::StepId;
    use kraftscope_core::sim::genesis::Genesis;
    use kraftscope_core::time::Time;

    fn run(events: u64) -> (History, Marks) {
        let mut history = History::new(Genesis::default()).expect("the default genesis makes a cluster");
        history.seek(StepId(events));
        let mut marks = Marks::default();
        marks.extend(&history);
        (history, marks)
    }

    fn of(marks: &Marks, scale: Scale) -> Strip {
        let mut strip = Strip::default();
        strip.update(marks, scale, 0);
        strip
    }

    #[test]
    fn columns_that_grew_are_those_that_are_made_at_once() {
        let (mut history, mut marks) = run(500);
        let scale = Scale::new(Time(0), Time(20_000_000), 300.0);
        let mut strip = of(&marks, scale);
        history.seek(StepId(3000));
        marks.extend(&history);
        assert!(strip.update(&marks, scale, 0));
        assert!(!strip.update(&marks, scale, 0));
        let whole = of(&marks, scale);
        assert_eq!(strip.columns, whole.columns);
        assert_eq!(whole.lane(0), marks.columns(LANES[0], &scale));
    }

    #[test]
    fn another_scale_or_another_past_begins_anew() {
        let (_, marks) = run(500);
        let scale = Scale::new(Time(0), Time(20_000_000), 300.0);
        let mut strip = of(&marks, scale);
        assert!(strip.update(&marks, scale, 1));
        assert!(strip.update(&marks, Scale::new(Time(0), Time(1_000_000), 300.0), 1));
        assert!(strip.update(&Marks::default(), scale, 1));
        assert_eq!(strip.lane(0), []);
    }

    #[test]
    fn the_pointer_finds_a_notable_mark_before_a_nearer_one_that_is_not() {
        let (_, marks) = run(3000);
        let scale = Scale::new(Time(0), Time(60_000_000_000), 10.0);
        let found = hit(&marks, Lane::Elections, &scale, 0.0).expect("elections happened");
        assert!(found.mark.notable);
        assert_eq!(found.others as usize, marks.lane(Lane::Elections).len() - 1);
        assert_eq!(hit(&marks, Lane::Elections, &scale, 9.0), None);
    }
}
