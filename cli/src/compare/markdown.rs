//! The tables of `docs/COMPARED.md`.

use super::{Column, label, values};
use kraftscope_core::compare::{Figure, Outcome, Unit};

/// One table under its heading.
pub(super) fn table(path: &str, text: &str, columns: &[Column]) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut lines = vec![format!("### {} (`{name}`)", title(text)), String::new()];
    let played: Vec<(&str, &[Outcome])> = columns
        .iter()
        .filter_map(|(name, outcomes)| Some((name.as_str(), outcomes.as_ref().ok()?.as_slice())))
        .collect();
    let heads: String = played.iter().map(|(name, _)| format!(" {name} |")).collect();
    lines.push(format!("| |{heads}"));
    lines.push(format!("|---|{}", "---|".repeat(played.len())));
    for figure in Figure::ALL.into_iter().filter(|&figure| figure != Figure::WithoutLeaderInAll) {
        let cells: String =
            played.iter().map(|(_, outcomes)| format!(" {} |", cell(outcomes, figure))).collect();
        let each = match figure.unit() {
            Unit::PerSecond | Unit::BytesPerSecond => " a second",
            _ => "",
        };
        lines.push(format!("| {}{each} |{cells}", label(figure)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What the first comment says that is no order.
fn title(text: &str) -> &str {
    let mut comments = text.lines().map_while(|line| line.trim().strip_prefix('#')).map(str::trim);
    let said = comments.find(|line| !line.starts_with("compare ")).unwrap_or("A script");
    said.split(['.', ':']).next().unwrap_or(said)
}

fn cell(outcomes: &[Outcome], figure: Figure) -> String {
    let (values, unit) = (values(outcomes, figure), figure.unit());
    let never = outcomes.len() - values.len();
    let text = match values.as_slice() {
        [] => return "–".into(),
        [first, .., last] if show(*first, unit) != show(*last, unit) => {
            let median = show(values[values.len() / 2], unit);
            format!("{median} ({} to {})", show(*first, unit), show(*last, unit))
        }
        [only, ..] => show(*only, unit),
    };
    if never > 0 { format!("{text}, never in {never}") } else { text }
}

/// A value with its unit; numbers in full.
fn show(value: u64, unit: Unit) -> String {
    match unit {
        Unit::Time if value == 0 => "0".into(),
        Unit::Time if value < 1_000_000 => format!("{} ms", value.div_ceil(1000)),
        Unit::Time | Unit::Tenths => super::show(value, unit),
        Unit::Count | Unit::PerSecond | Unit::Bytes | Unit::BytesPerSecond => grouped(value),
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
