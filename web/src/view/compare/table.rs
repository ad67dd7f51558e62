//! The table that counts: a figure a row, a pane a column, and a bar behind each number. Above it, what happened over
//! time in each pane.

use super::super::props::Same;
use super::chart::Chart;
use super::figures::{Figures, Row};
use crate::i18n::{Lang, t, tr};
use kraftscope_core::compare::Unit;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct TableProps {
    pub(super) lang: Lang,
    pub(super) titles: Vec<String>,
    pub(super) figures: Same<Figures>,
}

#[component]
pub(super) fn Table(props: &TableProps) -> Html {
    let TableProps { lang, titles, figures } = props.clone();
    let most =
        figures.courses.iter().flat_map(|course| course.acknowledged.iter().copied()).max().unwrap_or(0);
    html! {
        <div class="cmp-scroll">
            <table class="cmp-table" data-testid="compare-table">
                <caption class="note">{ tr(lang, "compare.table") }</caption>
                <thead>
                    <tr>
                        <th scope="col" aria-label={tr(lang, "compare.figure")} />
                        { for titles.iter().map(|title| html! { <th scope="col" key={title.clone()}>{ title.clone() }</th> }) }
                    </tr>
                </thead>
                <tbody>
                    <tr>
                        <th scope="row">
                            { tr(lang, "compare.course") }
                            <span class="note cmp-key"><i class="cmp-acks" />{ tr(lang, "compare.course.acks") }</span>
                            <span class="note cmp-key"><i class="cmp-missing" />{ tr(lang, "compare.course.leaderless") }</span>
                        </th>
                        { for figures.courses.iter().enumerate().map(|(pane, course)| html! {
                            <td key={pane}><Chart {lang} {pane} course={course.clone()} from={figures.from} to={figures.to} now={figures.now} {most} /></td>
                        }) }
                    </tr>
                    { for figures.rows.iter().map(|row| line(lang, row)) }
                </tbody>
            </table>
        </div>
    }
}

fn line(lang: Lang, row: &Row) -> Html {
    let key = row.figure.key();
    let most = row.cells.iter().copied().flatten().max().unwrap_or(0).max(1);
    html! {
        <tr key={key} data-figure={key}>
            <th scope="row" title={tr(lang, &format!("compare.figure.{key}.what"))}>{ tr(lang, &format!("compare.figure.{key}")) }</th>
            { for row.cells.iter().enumerate().map(|(pane, value)| {
                let share = value.map_or(0.0, |value| value as f64 / most as f64 * 100.0);
                html! {
                    <td key={pane} data-testid={format!("figure-{key}-{pane}")}>
                        { value.map_or_else(|| "–".to_owned(), |value| show(lang, value, row.figure.unit())) }
                        <span class="cmp-bar" aria-hidden="true"><i style={format!("width:{share:.1}%")} /></span>
                    </td>
                }
            }) }
        </tr>
    }
}

/// A value with its unit.
pub(super) fn show(lang: Lang, value: u64, unit: Unit) -> String {
    let per_second = |text: String| t(lang, "compare.per-second", &[("n", text)]);
    match unit {
        Unit::Time => match value {
            10_000_000.. => format!("{:.1} s", value as f64 / 1e6),
            1_000_000.. => format!("{:.2} s", value as f64 / 1e6),
            0 => "0".to_owned(),
            _ => format!("{:.1} ms", value as f64 / 1e3),
        },
        Unit::Count => value.to_string(),
        Unit::Tenths => format!("{}.{}", value / 10, value % 10),
        Unit::PerSecond => per_second(amount(value)),
        Unit::Bytes => format!("{} B", amount(value)),
        Unit::BytesPerSecond => per_second(format!("{} B", amount(value))),
    }
}

fn amount(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..10_000_000 => format!("{} k", n / 1000),
        _ => format!("{} M", n / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_said_with_its_unit() {
        let said = [
            (Unit::Time, 8_851_000),
            (Unit::Time, 18_400_000),
            (Unit::Time, 4700),
            (Unit::Tenths, 37),
            (Unit::BytesPerSecond, 123_456),
        ]
        .map(|(unit, value)| show(Lang::En, value, unit));
        assert_eq!(said, ["8.85 s", "18.4 s", "4.7 ms", "3.7", "123 k B/s"]);
    }
}
