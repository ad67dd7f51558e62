//! Every run as a dot, over the range that is known.

use super::Measured;
use crate::compare::show;
use crate::svg::{class, head};
use kraftscope_core::compare::Unit;
use std::fmt::Write;

const LEFT: f64 = 250.0;
const WIDTH: f64 = 480.0;
const TOP: f64 = 34.0;
const ROW: f64 = 34.0;

/// Where an axis ends, and where its lines stand, in microseconds.
struct Axis {
    end: u64,
    step: u64,
}

const SECONDS: Axis = Axis { end: 50_000_000, step: 10_000_000 };
const MILLISECONDS: Axis = Axis { end: 100_000, step: 20_000 };

/// Two panels: what takes seconds, and what takes milliseconds.
pub(super) fn draw(all: &[Measured]) -> String {
    let (short, long): (Vec<&Measured>, Vec<&Measured>) =
        all.iter().partition(|measured| measured.to <= MILLISECONDS.end);
    let second = TOP + long.len() as f64 * ROW + 58.0;
    let height = second + short.len() as f64 * ROW + 52.0;
    let label =
        "How long things take: every simulated run, over the range that follows from Kafka's defaults";
    let mut svg = head(LEFT + WIDTH + 30.0, height, label);
    let _ = writeln!(
        svg,
        "<rect class=\"known\" x=\"12\" y=\"9\" width=\"22\" height=\"12\" rx=\"2\"/><text x=\"40\" y=\"19\" \
         class=\"soft\">what the defaults let expect</text><circle class=\"kraft\" cx=\"226\" cy=\"15\" r=\"3\"/>\
         <text x=\"236\" y=\"19\" class=\"soft\">a simulated run; the line is their median</text>"
    );
    panel(&mut svg, TOP, &SECONDS, &long);
    panel(&mut svg, second, &MILLISECONDS, &short);
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, top: f64, axis: &Axis, rows: &[&Measured]) {
    let across = |value: u64| LEFT + value.min(axis.end) as f64 / axis.end as f64 * WIDTH;
    let bottom = top + rows.len() as f64 * ROW;
    for at in (0..=axis.end).step_by(axis.step as usize) {
        let (x, text) = (across(at), if at == 0 { "0".into() } else { plain(at) });
        let _ = writeln!(
            svg,
            "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/><text class=\"soft\" x=\"{x:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{text}</text>",
            bottom + 16.0
        );
    }
    for (place, measured) in (0..).zip(rows) {
        row(svg, top + f64::from(place) * ROW, measured, &across);
    }
}

fn row(svg: &mut String, y: f64, measured: &Measured, across: &dyn Fn(u64) -> f64) {
    let (from, to, middle) = (across(measured.from), across(measured.to), y + ROW / 2.0);
    let class = class(measured.mode);
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n<rect class=\"known\" x=\"{from:.1}\" y=\"{:.1}\" \
         width=\"{:.1}\" height=\"{}\" rx=\"3\"><title>{} to {}: {}</title></rect>",
        LEFT - 12.0,
        middle + 4.0,
        measured.what,
        y + 4.0,
        (to - from).max(2.0),
        ROW - 8.0,
        show(measured.from, Unit::Time),
        show(measured.to, Unit::Time),
        measured.why,
    );
    for (n, &run) in measured.runs.iter().enumerate() {
        // Dots of one moment stand beside each other.
        let off = ((n * 7 % 11) as f64 - 5.0) * 1.7;
        let _ = writeln!(
            svg,
            "<circle class=\"{class}\" fill-opacity=\".55\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"/>",
            across(run),
            middle + off
        );
    }
    if let Some(&median) = measured.runs.get(measured.runs.len() / 2) {
        let _ = writeln!(
            svg,
            "<path class=\"{class} line\" d=\"M{:.1} {:.1}v{}\"><title>median {}</title></path>",
            across(median),
            y + 3.0,
            ROW - 6.0,
            show(median, Unit::Time)
        );
    }
}

fn plain(micros: u64) -> String {
    if micros >= 1_000_000 { format!("{} s", micros / 1_000_000) } else { format!("{} ms", micros / 1000) }
}
