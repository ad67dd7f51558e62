//! The colours of the style sheet, tested: contrast, and distance for eyes that mix up red and green or blue.
//!
//! Contrast is WCAG's; colour blindness is simulated by the matrices of Machado, Oliveira and Fernandes (2009) at
//! full severity; distance is that of CIELAB (1976).

use std::collections::BTreeMap;

const CSS: &str = include_str!("../../../../static/css/tokens.css");

type Colour = [f64; 3];

/// Custom properties of the light theme (0) or the dark one (1).
fn theme(number: usize) -> BTreeMap<String, Colour> {
    let pairs = CSS.split(';').filter_map(|line| line.trim().split_once(": "));
    let of_theme = |value: &'static str| {
        let both = value.strip_prefix("light-dark(").and_then(|rest| rest.strip_suffix(')'));
        both.map_or(value, |both| both.split(", ").nth(number).unwrap())
    };
    pairs
        .filter_map(|(name, value)| Some((name.strip_prefix("--")?, of_theme(value).strip_prefix('#')?)))
        .map(|(name, hex)| (name.to_owned(), linear(hex)))
        .collect()
}

/// Linear light from `rrggbb`.
fn linear(hex: &str) -> Colour {
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    [part(0), part(2), part(4)]
}

fn luminance(c: Colour) -> f64 {
    0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]
}

fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

fn times(m: [[f64; 3]; 3], c: Colour) -> Colour {
    m.map(|row| row.iter().zip(c).map(|(a, b)| a * b).sum())
}

const EYES: [(&str, [[f64; 3]; 3]); 4] = [
    ("usual", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protan",
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    ),
    (
        "deutan",
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    ),
    (
        "tritan",
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ),
];

fn lab(c: Colour) -> Colour {
    let c = c.map(|part| part.clamp(0.0, 1.0));
    let xyz = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], c);
    let f = |value: f64, white: f64| {
        let t = value / white;
        if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 }
    };
    let (x, y, z) = (f(xyz[0], 0.9505), f(xyz[1], 1.0), f(xyz[2], 1.089));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

fn distance(a: Colour, b: Colour) -> f64 {
    let (a, b) = (lab(a), lab(b));
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// Pairs of ink and ground that carry words, and the contrast they need.
const WORDS: [(&str, &str); 20] = [
    ("ink", "paper"),
    ("ink", "panel"),
    ("ink", "column"),
    ("ink-2", "paper"),
    ("ink-2", "panel"),
    ("ink-2", "column"),
    ("ink-2", "bed"),
    ("ok", "panel"),
    ("ok", "paper"),
    ("ok", "ok-bg"),
    ("bad", "panel"),
    ("bad", "paper"),
    ("bad", "bad-bg"),
    ("warn", "panel"),
    ("warn", "warn-bg"),
    ("lead", "lead-bg"),
    ("grey", "grey-bg"),
    ("family-fetch", "paper"),
    ("family-produce", "paper"),
    ("accent-ink", "accent"),
];

#[test]
fn words_have_enough_contrast_in_both_themes() {
    for number in 0..2 {
        let colours = theme(number);
        for (ink, ground) in WORDS {
            let found = contrast(colours[ink], colours[ground]);
            assert!(
                found >= 4.5 || (ink == "grey" && found >= 3.9),
                "{ink} on {ground}, theme {number}: {found:.2}"
            );
        }
        for family in ["raft", "heartbeat", "fetch", "produce", "consume", "admin", "zookeeper"] {
            let found = contrast(colours[&format!("family-{family}")], colours["paper"]);
            assert!(found >= 4.4, "{family}, theme {number}: {found:.2}");
        }
        for epoch in 0..8 {
            let found = contrast(colours[&format!("e{epoch}-ink")], colours[&format!("e{epoch}")]);
            assert!(found >= 4.5, "epoch {epoch}, theme {number}: {found:.2}");
        }
    }
}

#[test]
fn an_epoch_differs_from_the_next_ones_for_every_eye() {
    for number in 0..2 {
        let colours = theme(number);
        for (eye, matrix) in EYES {
            let seen: Vec<Colour> = (0..8).map(|n| times(matrix, colours[&format!("e{n}")])).collect();
            for n in 0..8 {
                let next = distance(seen[n], seen[(n + 1) % 8]);
                let second = distance(seen[n], seen[(n + 2) % 8]);
                assert!(next >= 30.0, "epoch {n} and the next, {eye}, theme {number}: {next:.1}");
                assert!(second >= 12.0, "epoch {n} and the second next, {eye}, theme {number}: {second:.1}");
            }
        }
    }
}

#[test]
fn in_sync_and_out_of_sync_differ_for_every_eye() {
    for number in 0..2 {
        let colours = theme(number);
        for (eye, matrix) in EYES {
            let found = distance(times(matrix, colours["ok"]), times(matrix, colours["bad"]));
            assert!(found >= 12.0, "{eye}, theme {number}: {found:.1}");
        }
    }
}
