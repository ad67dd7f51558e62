//! The time axis: how far it reaches, where its ticks stand and what they say. Pure.
//!
//! The axis shows true virtual time. While time runs it grows by leaps, so that the picture stands still in between.

use crate::marks::Scale;
use kraftscope_core::time::Time;

/// Pixels between two ticks at the least.
const APART: f64 = 84.0;
/// The shortest stretch that can be shown, in microseconds.
const SHORTEST: u64 = 1_000;

/// A tick of the axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Pixels from the left.
    pub(super) x: f64,
    /// `12.140 s`.
    pub(super) label: String,
}

/// The end of an axis on which everything until `end` is shown: some room is left, and it seldom changes.
pub(super) fn reach(end: Time) -> Time {
    let wanted = (end.0 as f64 * 1.02).max(500_000.0);
    let mut decade = 100_000.0;
    loop {
        for step in [1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.4, 8.0] {
            if decade * step >= wanted {
                return Time((decade * step) as u64);
            }
        }
        decade *= 10.0;
    }
}

/// The stretch that is shown: the chosen one, or everything.
pub(super) fn stretch(zoom: Option<(Time, Time)>, end: Time) -> (Time, Time) {
    zoom.unwrap_or_else(|| (Time::ZERO, reach(end)))
}

/// What a scale means as a choice: everything when it shows everything.
pub(super) fn chosen(scale: &Scale, end: Time) -> Option<(Time, Time)> {
    let everything = scale.from == Time::ZERO && scale.to >= reach(end);
    (!everything).then_some((scale.from, scale.to))
}

/// The scale zoomed by `factor` (below 1 shows less) around `x`.
pub(super) fn zoomed(scale: &Scale, x: f64, factor: f64, end: Time) -> Option<(Time, Time)> {
    chosen(&scale.zoomed(x, factor, reach(end)), end)
}

/// The scale moved by so many pixels, within what there is.
pub(super) fn moved(scale: &Scale, pixels: f64, end: Time) -> Option<(Time, Time)> {
    let (span, whole) = (scale.to.0 - scale.from.0, reach(end).0);
    let from = scale.from.0 as f64 + pixels / scale.width * span as f64;
    let from = from.clamp(0.0, whole.saturating_sub(span) as f64) as u64;
    chosen(&Scale::new(Time(from), Time(from + span), scale.width), end)
}

/// The stretch after which the caret is within it again; `None` when it is.
pub(super) fn followed(shown: (Time, Time), at: Time) -> Option<(Time, Time)> {
    let (from, to) = shown;
    if from <= at && at <= to {
        return None;
    }
    let span = (to.0 - from.0).max(SHORTEST);
    let start = at.0.saturating_sub(span / 10);
    Some((Time(start), Time(start + span)))
}

/// The ticks of a scale.
pub(super) fn ticks(scale: &Scale) -> Vec<Tick> {
    let span = (scale.to.0 - scale.from.0) as f64;
    let step = round_step(span * APART / scale.width);
    let first = scale.from.0.div_ceil(step);
    let last = scale.to.0 / step;
    let tick = |number: u64| Tick { x: scale.x(Time(number * step)), label: label(number * step, step) };
    (first..=last).map(tick).filter(|tick| tick.x <= scale.width - 24.0).collect()
}

/// The smallest of 1, 2, 5, 10 … microseconds that is at least `least`.
fn round_step(least: f64) -> u64 {
    let mut decade = 1.0;
    loop {
        for step in [1.0, 2.0, 5.0] {
            if decade * step >= least {
                return (decade * step) as u64;
            }
        }
        decade *= 10.0;
    }
}

/// Seconds with as many decimals as the step needs.
fn label(micros: u64, step: u64) -> String {
    let decimals = match step {
        1_000_000.. => 0,
        100_000.. => 1,
        10_000.. => 2,
        1_000.. => 3,
        100.. => 4,
        10.. => 5,
        _ => 6,
    };
    format!("{:.decimals$} s", micros as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: u64, to: u64, width: f64) -> Vec<String> {
        ticks(&Scale::new(Time(from), Time(to), width)).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn the_axis_reaches_beyond_the_end_and_seldom_changes() {
        assert_eq!(reach(Time(0)), Time(500_000));
        assert_eq!(reach(Time(4_100_000)), Time(5_000_000));
        assert_eq!(reach(Time(4_800_000)), Time(5_000_000));
        assert_eq!(reach(Time(5_000_000)), Time(6_400_000));
    }

    #[test]
    fn ticks_stand_at_round_times_with_the_decimals_they_need() {
        assert_eq!(labels(0, 4_000_000, 400.0), ["0 s", "1 s", "2 s", "3 s"]);
        assert_eq!(labels(1_000, 3_500, 250.0), ["0.001 s", "0.002 s", "0.003 s"]);
        assert_eq!(labels(12_100_000, 12_300_000, 200.0), ["12.1 s", "12.2 s"]);
    }

    #[test]
    fn zooming_out_far_enough_shows_everything_again() {
        let scale = Scale::new(Time(1_000_000), Time(2_000_000), 100.0);
        assert_eq!(zoomed(&scale, 50.0, 0.5, Time(4_000_000)), Some((Time(1_250_000), Time(1_750_000))));
        assert_eq!(zoomed(&scale, 50.0, 100.0, Time(4_000_000)), None);
    }

    #[test]
    fn a_stretch_moves_no_further_than_there_is_time() {
        let scale = Scale::new(Time(1_000_000), Time(2_000_000), 100.0);
        assert_eq!(moved(&scale, 50.0, Time(4_000_000)), Some((Time(1_500_000), Time(2_500_000))));
        assert_eq!(moved(&scale, -900.0, Time(4_000_000)), Some((Time(0), Time(1_000_000))));
        assert_eq!(moved(&scale, 900.0, Time(4_000_000)), Some((Time(4_000_000), Time(5_000_000))));
    }

    #[test]
    fn a_stretch_follows_a_caret_that_leaves_it() {
        let shown = (Time(1_000_000), Time(2_000_000));
        assert_eq!(followed(shown, Time(1_500_000)), None);
        assert_eq!(followed(shown, Time(2_000_001)), Some((Time(1_900_001), Time(2_900_001))));
        assert_eq!(followed(shown, Time(50_000)), Some((Time(0), Time(1_000_000))));
    }
}
