//! What was counted in every pane up to the moment that is shown.

use crate::model::Model;
use kraftscope_core::compare::{Figure, Summary, lost};
use kraftscope_core::time::{Span, Time};

/// The table and the charts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// One for each figure.
    pub rows: Vec<Row>,
    /// One for each pane.
    pub courses: Vec<Course>,
    /// What the charts show.
    pub from: Time,
    /// Until when.
    pub to: Time,
    /// The moment that is shown.
    pub now: Time,
}

/// A figure in every pane.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which.
    pub figure: Figure,
    /// Its values; nothing where nothing of the kind happened.
    pub cells: Vec<Option<u64>>,
}

/// What happened over time in a pane.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// How many partitions were without a leader, from when on.
    pub leaderless: Vec<(Time, u32)>,
    /// Records acknowledged in each second of the run.
    pub acknowledged: Vec<u32>,
    /// Partitions that there are.
    pub partitions: u32,
}

/// The shortest stretch of the charts.
const SHORTEST: Span = Span::secs(20);

/// Counts in all panes. `exact` looks at every record for those that are lost; otherwise they are those of `before`.
pub fn figures(model: &Model, exact: bool, before: &Figures) -> Figures {
    let Some(compare) = &model.compare else { return Figures::default() };
    let now = model.player.time();
    let mut summaries = Vec::new();
    let mut courses = Vec::new();
    for number in 0..compare.panes.len() {
        let sim = model.pane_session(number).history().sim();
        let Some(meter) = sim.meter() else { continue };
        let mut summary = meter.summary(sim);
        summary.lost = if exact { lost(sim, meter) } else { before.lost(number) };
        summaries.push(summary);
        courses.push(Course {
            leaderless: until(now, meter.leaders.course()),
            acknowledged: meter.answers.per_second.clone(),
            partitions: meter.leaders.partitions(),
        });
    }
    let cells = |figure: Figure| summaries.iter().map(|summary: &Summary| figure.of(summary)).collect();
    let rows = Figure::ALL.into_iter().map(|figure| Row { figure, cells: cells(figure) }).collect();
    let from = Time(compare.script.start.0.saturating_sub(Span::secs(2).0).min(now.0));
    Figures { rows, courses, from, to: now.max(from + SHORTEST), now }
}

/// What is without a leader now is so until now, and nobody knows for how long.
fn until(now: Time, course: &[(Time, u32)]) -> Vec<(Time, u32)> {
    let lasts = course.last().is_some_and(|(_, missing)| *missing > 0);
    course.iter().copied().chain(lasts.then_some((now, 0))).collect()
}

impl Figures {
    fn lost(&self, pane: usize) -> u64 {
        let row = self.rows.iter().find(|row| row.figure == Figure::Lost);
        row.and_then(|row| row.cells.get(pane).copied().flatten()).unwrap_or(0)
    }
}
