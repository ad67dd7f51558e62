//! What happened over time in a pane: records acknowledged in each second as bars from below, partitions without a
//! leader as an area from above. All panes have the same scales.

use super::figures::Course;
use crate::i18n::{Lang, t};
use kraftscope_core::time::Time;
use yew::prelude::*;

const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 44.0;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct ChartProps {
    pub(super) lang: Lang,
    pub(super) pane: usize,
    pub(super) course: Course,
    pub(super) from: Time,
    pub(super) to: Time,
    /// The moment that is shown: a line.
    pub(super) now: Time,
    /// The most records acknowledged in a second, in any pane.
    pub(super) most: u32,
}

#[component]
pub(super) fn Chart(props: &ChartProps) -> Html {
    let ChartProps { lang, pane, course, from, to, now, most } = props.clone();
    let worst = course.leaderless.iter().map(|(_, missing)| *missing).max().unwrap_or(0);
    let args = [("n", worst.to_string()), ("all", course.partitions.to_string()), ("most", most.to_string())];
    html! {
        <svg class="cmp-chart" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" role="img"
             data-testid={format!("course-{pane}")} aria-label={t(lang, "compare.course.said", &args)}>
            <path class="cmp-acks" d={acknowledged(&course, from, to, most)} />
            <path class="cmp-missing" d={leaderless(&course, from, to)} />
            <path class="cmp-now" d={format!("M{:.1} 0V{HEIGHT}", x(now, from, to))} />
        </svg>
    }
}

fn x(time: Time, from: Time, to: Time) -> f64 {
    let whole = to.since(from).0.max(1) as f64;
    time.clamp(from, to).since(from).0 as f64 / whole * WIDTH
}

/// A bar for each second.
fn acknowledged(course: &Course, from: Time, to: Time, most: u32) -> String {
    let mut path = String::new();
    for (second, &count) in course.acknowledged.iter().enumerate() {
        let begin = Time(second as u64 * 1_000_000);
        if count == 0 || begin < from || begin > to {
            continue;
        }
        let (left, right) = (x(begin, from, to), x(Time(begin.0 + 1_000_000), from, to));
        let height = f64::from(count) / f64::from(most.max(1)) * (HEIGHT - 2.0);
        path.push_str(&format!("M{left:.1} {HEIGHT}V{:.1}H{right:.1}V{HEIGHT}z", HEIGHT - height));
    }
    path
}

/// A block for each stretch in which some were without one.
fn leaderless(course: &Course, from: Time, to: Time) -> String {
    let mut path = String::new();
    let ends = course.leaderless.iter().skip(1).map(|(time, _)| *time).chain([to]);
    for (&(begin, missing), end) in course.leaderless.iter().zip(ends) {
        if missing == 0 || end < from {
            continue;
        }
        let (left, right) = (x(begin, from, to), x(end, from, to).max(x(begin, from, to) + 1.0));
        let height = f64::from(missing) / f64::from(course.partitions.max(1)) * (HEIGHT - 2.0);
        path.push_str(&format!("M{left:.1} 0V{height:.1}H{right:.1}V0z"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_stretch_without_a_leader_is_as_wide_as_it_was_long() {
        let leaderless_course = vec![(Time(5 * SECOND), 2), (Time(10 * SECOND), 0)];
        let course = Course { leaderless: leaderless_course, acknowledged: Vec::new(), partitions: 4 };
        assert_eq!(leaderless(&course, Time(0), Time(20 * SECOND)), "M60.0 0V21.0H120.0V0z");
        assert_eq!(leaderless(&course, Time(11 * SECOND), Time(31 * SECOND)), "");
    }

    #[test]
    fn a_second_with_the_most_answers_is_as_high_as_the_chart() {
        let course = Course { acknowledged: vec![0, 4, 2], ..Course::default() };
        assert_eq!(
            acknowledged(&course, Time(0), Time(20 * SECOND), 4),
            "M12.0 44V2.0H24.0V44zM24.0 44V23.0H36.0V44z"
        );
    }
}
