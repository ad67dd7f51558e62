//! How wide words are, roughly: enough to shorten a name before it leaves its place.
//!
//! Left out: real font metrics. The factors are a little generous for the fonts of the page, so a word is
//! shortened too early rather than too late.

/// Width of a letter of the monospaced type, of its size.
const MONO: f64 = 0.615;

/// About how wide `text` is in type of this size.
pub fn width_of(text: &str, size: f64) -> f64 {
    text.chars().map(|c| advance(c) * size).sum()
}

/// `text`, shortened with an ellipsis to fit into `room`.
pub fn fit(text: &str, room: f64, size: f64) -> String {
    if width_of(text, size) <= room {
        return text.to_owned();
    }
    let mut left = room - advance('…') * size;
    let mut kept = String::new();
    for c in text.chars() {
        left -= advance(c) * size;
        if left < 0.0 {
            break;
        }
        kept.push(c);
    }
    if kept.is_empty() { kept } else { format!("{}…", kept.trim_end()) }
}

/// As much of a text in letters of one width as has room.
pub fn fit_mono(text: &str, room: f64, size: f64) -> String {
    let most = (room / (size * MONO)) as usize;
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain((most > 0).then_some('…')).collect()
}

/// A partition's name in `room`: its number stays when its topic's name has to be shortened.
pub fn fit_partition(name: &str, room: f64, size: f64) -> String {
    match name.rsplit_once('-') {
        Some((topic, number)) if width_of(name, size) > room => {
            format!("{}-{number}", fit(topic, room - width_of("-", size) - width_of(number, size), size))
        }
        _ => fit(name, room, size),
    }
}

/// Width of one character in ems.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.3,
        ' ' | 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '·' => 0.37,
        'm' | 'w' | 'M' | 'W' | '…' => 0.9,
        '@' => 1.0,
        'A'..='Z' | '_' => 0.69,
        c if c.is_ascii() => 0.57,
        _ => 1.0,
    }
}
