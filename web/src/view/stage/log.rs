//! A log: cells with offsets, the next slot, the flag of the high watermark, ticks and carets.
//!
//! A cell is solid below this replica's high watermark and hatched above it; its colour and the number below the
//! first cell of a run say which leader epoch wrote it. Markers are exclusive and stand between cells.

use super::icon;
use super::svg::{at, centred, n, sign, words};
use crate::layout::{Density, LogWindow, Metrics, Point, Rect, Strip, width_of};
use kraftscope_core::id::{LeaderEpoch, Offset};
use kraftscope_core::view::{CellView, LogView};
use yew::prelude::*;

/// How many epoch colours there are; they come round again.
pub(super) const EPOCH_COLOURS: u32 = 8;

/// How wide the scissors are.
const SCISSORS: f64 = 12.0;

/// A mark below the strip, on the boundary before `offset`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) offset: Offset,
    /// Numbers of the followers whose log end the leader knows to be here.
    pub(super) followers: String,
    /// A consumer reads here next.
    pub(super) consumer: bool,
}

/// What to draw, and where.
#[derive(Clone, Debug)]
pub(super) struct Drawing<'a> {
    pub(super) log: &'a LogView,
    pub(super) window: LogWindow,
    pub(super) strip: Strip,
    pub(super) density: Density,
    pub(super) metrics: Metrics,
    pub(super) selected: Option<Offset>,
    pub(super) ticks: &'a [Tick],
}

/// The class that carries the colours of an epoch.
pub(super) fn epoch_class(epoch: LeaderEpoch) -> String {
    format!("st-e{}", epoch.0 % EPOCH_COLOURS)
}

impl Drawing<'_> {
    /// The whole strip.
    pub(super) fn draw(&self) -> Html {
        html! {
            <g class="st-log">
                { self.bed() }
                { for self.shown().map(|(slot, cell)| self.cell(slot, cell)) }
                { self.next_slot() }
                { self.hidden_part() }
                { self.epoch_numbers() }
                { for self.ticks.iter().map(|tick| self.tick(tick)) }
                { self.divergence() }
                { self.flag() }
            </g>
        }
    }

    fn shown(&self) -> impl Iterator<Item = (u32, &CellView)> {
        self.log.cells.iter().filter_map(|cell| Some((self.window.slot(cell.offset)?, cell)))
    }

    /// The strip's ground: where records may come to stand.
    fn bed(&self) -> Html {
        let s = self.strip;
        let width = s.pitch * f64::from(s.slots) - (s.pitch - s.cell);
        super::svg::frame(Rect::new(s.x, s.y, width, s.height), 3.0, "st-bed")
    }

    fn cell(&self, slot: u32, cell: &CellView) -> Html {
        let area = self.strip.rect(slot);
        let doomed = self.log.diverges_at.is_some_and(|from| cell.offset >= from);
        let class = classes!(
            "st-cell",
            epoch_class(cell.epoch),
            (!cell.committed).then_some("is-open"),
            doomed.then_some("is-doomed"),
            (self.selected == Some(cell.offset)).then_some("is-selected"),
        );
        let size = self.metrics.cell;
        let label = cell.offset.to_string();
        let baseline = Point::new(area.middle().x, area.middle().y + size * 0.36);
        html! {
            <g key={format!("{}-{}", cell.offset, cell.epoch)} {class}>
                { super::svg::frame(area, 3.0, "st-cell-box") }
                if cell.acknowledged {
                    <path class="st-told" d={format!("M{} {}h{}", n(area.x + 5.0), n(area.bottom() - 2.6), n(area.w - 10.0))} />
                }
                { centred(baseline, size, "st-offset", label) }
            </g>
        }
    }

    fn next_slot(&self) -> Html {
        let Some(slot) = self.window.slot(self.log.end) else { return Html::default() };
        let area = self.strip.rect(slot).grow(-0.75);
        super::svg::frame(area, 3.0, "st-next")
    }

    /// Says that older records lie to the left, and where the log ends if even its end does.
    fn hidden_part(&self) -> Html {
        if !self.window.hides(self.log) {
            return Html::default();
        }
        let s = self.strip;
        let (x, middle, reach) = (s.x - 3.0, s.y + s.height / 2.0, s.height * 0.2);
        let line = format!(
            "M{x} {top}L{tip} {middle}L{x} {bottom}",
            x = n(x),
            top = n(middle - reach),
            tip = n(x - 3.5),
            middle = n(middle),
            bottom = n(middle + reach)
        );
        let behind = self.log.end < self.window.start;
        let baseline = Point::new(s.x + 4.0, middle + self.metrics.small * 0.36);
        html! {
            <>
                if !self.metrics.tight { <path class="st-more" d={line} /> }
                if behind { { words(baseline, self.metrics.small, "st-quiet", format!("→ {}", self.log.end)) } }
            </>
        }
    }

    /// `e3` below the first cell of each run of one epoch.
    fn epoch_numbers(&self) -> Html {
        if !self.density.has_numbers() {
            return Html::default();
        }
        let mut last = None;
        let y = self.strip.y + self.strip.height + self.metrics.small + 3.0;
        let mut taken = self.taken();
        taken.extend(self.scissors().map(|left| (left, left + SCISSORS)));
        let number = |(slot, cell): (u32, &CellView)| {
            if last.replace(cell.epoch) == Some(cell.epoch) {
                return None;
            }
            let (x, text) = (self.strip.left(slot), format!("e{}", cell.epoch));
            let wide = width_of(&text, self.metrics.small) * 1.1;
            let free = |from: &f64| taken.iter().all(|(left, right)| from + wide < *left || *right < *from);
            let middle = if slot == 0 { -2.0 } else { (self.strip.cell - wide) / 2.0 };
            // Further away it would seem to speak of another cell.
            let near = x - 2.0..x + self.strip.pitch * 1.5;
            let beside = taken.iter().map(|(_, right)| right + 2.0).filter(|right| near.contains(right));
            let places = [x + middle, x - 2.0, x + self.strip.cell - wide + 2.0].into_iter().chain(beside);
            let place = places.into_iter().find(free)?;
            taken.push((place, place + wide));
            Some(words(Point::new(place, y), self.metrics.small, "st-epoch", text))
        };
        html! { <>{ for self.shown().filter_map(number) }</> }
    }

    /// From where to where numbers of followers stand below the strip.
    fn taken(&self) -> Vec<(f64, f64)> {
        self.ticks.iter().filter_map(|tick| self.number_of(tick)).collect()
    }

    /// From where to where the followers' numbers of a tick stand: around it, but within the card.
    fn number_of(&self, tick: &Tick) -> Option<(f64, f64)> {
        if !self.density.has_numbers() || tick.followers.is_empty() || tick.offset < self.window.start {
            return None;
        }
        let boundary = self.window.boundary(tick.offset);
        let (x, wide) = (self.strip.boundary(boundary), width_of(&tick.followers, self.metrics.small) * 1.1);
        // The epoch of the first cell stands to the left: wide numbers keep off it.
        let beside = boundary == 1 && (tick.followers.len() > 1 || self.metrics.tight);
        let left = if beside { x - 3.0 } else { (x - wide / 2.0).max(self.strip.x - 4.0) };
        Some((left, left + wide))
    }

    fn tick(&self, tick: &Tick) -> Html {
        if tick.offset < self.window.start {
            return Html::default();
        }
        let boundary = self.window.boundary(tick.offset);
        let x = self.strip.boundary(boundary);
        let y = self.strip.y + self.strip.height;
        let small = self.metrics.small;
        html! {
            <g class={classes!("st-tick", tick.consumer.then_some("is-consumer"))}>
                if tick.consumer {
                    <path class="st-caret" d={format!("M{} {}l4.2 6h-8.4z", n(x), n(y + 1.0))} />
                } else {
                    <path class="st-tick-line" d={format!("M{} {}v5", n(x), n(y + 0.5))} />
                }
                { for self.number_of(tick).map(|(left, _)| {
                    words(Point::new(left, y + small + 5.0), small, "st-tick-number", tick.followers.clone())
                }) }
            </g>
        }
    }

    /// Scissors where the log parts from the leader's.
    fn divergence(&self) -> Html {
        let Some(from) = self.log.diverges_at else { return Html::default() };
        let s = self.strip;
        let x = s.boundary(self.window.boundary(from));
        let left = self.scissors().unwrap_or(x);
        html! {
            <g class="st-cut">
                <path class="st-cut-line" d={format!("M{} {}v{}", n(x), n(s.y - 4.0), n(s.height + 8.0))} />
                { sign(icon::SCISSORS, Point::new(left, s.y + s.height + 3.0), 0.75, "st-cut-sign") }
            </g>
        }
    }

    /// Left edge of the scissors: around the cut, or behind the numbers that stand there.
    fn scissors(&self) -> Option<f64> {
        let x = self.strip.boundary(self.window.boundary(self.log.diverges_at?)) - SCISSORS / 2.0;
        let behind = self.taken().into_iter().find(|(left, right)| x < *right && *left < x + SCISSORS);
        Some(behind.map_or(x, |(_, right)| right + 1.0))
    }

    /// `HW 5` on the boundary before offset 5: everything to the left of it can be read.
    fn flag(&self) -> Html {
        let Some(hw) = self.log.hw else { return Html::default() };
        let s = self.strip;
        let x = s.boundary(self.window.boundary(hw));
        let hidden = hw < self.window.start;
        if hidden && !self.density.has_numbers() {
            return Html::default();
        }
        if !self.density.has_numbers() {
            return html! {
                <g class="st-flag" style={format!("transform:translate({}px,{}px)", n(x), n(s.y))}>
                    <path class="st-pole" d={format!("M0 -6v{}", n(s.height + 8.0))} />
                    <path class="st-banner" d="M0 -7h7l-2 3 2 3H0z" />
                </g>
            };
        }
        let size = self.metrics.small - 1.0;
        let label = if hidden { format!("‹ HW {hw}") } else { format!("HW {hw}") };
        let width = (width_of(&label, size) + 10.0).round();
        let height = self.metrics.small + 3.0;
        let left = x + width > s.left(s.slots) + 6.0;
        let from = if left { -width } else { 0.0 };
        html! {
            <g class="st-flag" style={format!("transform:translate({}px,{}px)", n(x), n(s.y))}>
                if !hidden {
                    <path class="st-pole" d={format!("M0 {}v{}", n(-height), n(s.height + height + 2.0))} />
                }
                <g transform={at(Point::new(from, -height))}>
                    <rect class="st-banner" width={n(width)} height={n(height)} rx="2" />
                    { centred(Point::new(width / 2.0, height / 2.0 + size * 0.36), size, "st-hw", label) }
                </g>
            </g>
        }
    }
}
