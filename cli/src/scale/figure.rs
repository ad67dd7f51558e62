//! The curves as a picture: partitions to the right, seconds upwards, both on a logarithmic scale.

use super::Point;
use kraftscope_core::mode::Mode;
use std::fmt::Write;

const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 40.0;
const GAP: f64 = 76.0;

/// Tenths of a second to a thousand seconds.
const DECADES: [f64; 5] = [0.1, 1.0, 10.0, 100.0, 1000.0];

/// Two panels: the controller is killed, a broker is killed.
pub(super) fn draw(points: &[Point]) -> String {
    let (width, height) = (LEFT + 2.0 * WIDTH + GAP + 96.0, TOP + HEIGHT + 52.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\" role=\"img\" aria-label=\"Seconds without a controller, and without a leader, by number of \
         partitions and mode\">\n\
         <style>\ntext {{ fill: #24292f }} .grid {{ stroke: #d0d7de }} @media (prefers-color-scheme: dark) {{ text \
         {{ fill: #e6edf3 }} .grid {{ stroke: #444c56 }} }}\n</style>\n"
    );
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
    TOP + HEIGHT - (seconds.max(0.1).log10() + 1.0) / 4.0 * HEIGHT
}

const fn colour(mode: Mode) -> &'static str {
    match mode {
        Mode::ZooKeeper => "#bc4c00",
        Mode::KRaft => "#0969da",
        Mode::KafkaRaft => "#8250df",
    }
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
        let label = 10u32.pow(exponent as u32);
        put(format!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", bottom + 18.0));
    }
    put(format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">partitions</text>",
        x + WIDTH / 2.0,
        bottom + 38.0
    ));
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
        let path: Vec<String> = line.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let (colour, dashes) = (colour(mode), dashes(mode));
        put(format!(
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"/>",
            path.join("L")
        ));
        for (x, y) in &line {
            put(format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"));
        }
        put(format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" style=\"fill:{colour}\">{mode}</text>",
            end_x + 7.0,
            end_y + 4.0
        ));
    }
}
