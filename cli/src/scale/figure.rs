//! The curves as a picture: partitions to the right, seconds upwards, both on a logarithmic scale.

use super::Point;
use crate::svg::{class, head};
use kraftscope_core::mode::Mode;
use std::fmt::Write;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 40.0;
const GAP: f64 = 112.0;

/// Tenths of a second to a hundred seconds.
const DECADES: [f64; 4] = [0.1, 1.0, 10.0, 100.0];
/// Names at the ends of curves stand at least so far from each other.
const LINE: f64 = 14.0;

/// Two panels: the controller is killed, a broker is killed.
pub(super) fn draw(points: &[Point]) -> String {
    let (width, height) = (LEFT + 2.0 * WIDTH + GAP + 96.0, TOP + HEIGHT + 52.0);
    let label = "Seconds without a controller, and without a leader, by number of partitions and mode";
    let mut svg = head(width, height, label);
    panel(&mut svg, LEFT, "The controller is killed: until the next one acts", points, |point| {
        point.controller
    });
    let second = LEFT + WIDTH + GAP;
    panel(&mut svg, second, "A broker is killed: until its last partition is led", points, |point| {
        point.last
    });
    svg.push_str("</svg>\n");
    svg
}

fn across(partitions: f64) -> f64 {
    (partitions.log10() - 1.0) / 4.0 * WIDTH
}

fn up(seconds: f64) -> f64 {
    TOP + HEIGHT - (seconds.max(0.1).log10() + 1.0) / 3.0 * HEIGHT
}

const fn dashes(mode: Mode) -> &'static str {
    match mode {
        Mode::ZooKeeper => "6 3",
        Mode::KRaft => "none",
        Mode::KafkaRaft => "2 3",
    }
}

fn panel(svg: &mut String, x: f64, title: &str, points: &[Point], value: impl Fn(&Point) -> Option<u64>) {
    let bottom = TOP + HEIGHT;
    let mut put = |text: String| {
        let _ = writeln!(svg, "{text}");
    };
    put(format!("<text x=\"{x}\" y=\"20\" font-weight=\"600\">{title}</text>"));
    for seconds in DECADES {
        let y = up(seconds);
        put(format!("<path class=\"grid\" d=\"M{x} {y:.1}h{WIDTH}\"/>"));
        put(format!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{seconds} s</text>", x - 6.0, y + 4.0));
    }
    for exponent in 1..=5 {
        let at = x + across(10f64.powi(exponent));
        put(format!("<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom}\"/>"));
        let label = ["10", "100", "1,000", "10,000", "100,000"][exponent as usize - 1];
        put(format!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", bottom + 18.0));
    }
    put(format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">partitions</text>",
        x + WIDTH / 2.0,
        bottom + 38.0
    ));
    let mut names: Vec<(f64, f64, Mode)> = Vec::new();
    for mode in Mode::ALL {
        let line: Vec<(f64, f64)> = points
            .iter()
            .filter(|point| point.mode == mode)
            .filter_map(|point| {
                let seconds = value(point)? as f64 / 1e6;
                Some((x + across(f64::from(point.partitions)), up(seconds)))
            })
            .collect();
        let Some(&(end_x, end_y)) = line.last() else { continue };
        names.push((end_y, end_x, mode));
        let path: Vec<String> = line.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let (class, dashes) = (class(mode), dashes(mode));
        put(format!(
            "<path class=\"{class} line\" d=\"M{}\" stroke-dasharray=\"{dashes}\"/>",
            path.join("L")
        ));
        for (x, y) in &line {
            put(format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" class=\"{class}\"/>"));
        }
    }
    names.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut above = f64::MIN;
    for (y, x, mode) in names {
        let y = y.max(above + LINE);
        above = y;
        put(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"{}\">{mode}</text>",
            x + 7.0,
            y + 4.0,
            class(mode)
        ));
    }
}
