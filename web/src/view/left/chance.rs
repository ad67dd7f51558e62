//! The weather: how long a hop takes now, and which faults happen by chance.

use super::super::props::Send;
use crate::i18n::doings::percent;
use crate::i18n::{Lang, t, tr};
use crate::model::ActMsg;
use kraftscope_core::net::Latency;
use kraftscope_core::sim::action::{Action, Change, Rate};
use yew::prelude::*;

/// The offered rates, in a million.
const PARTS: [u32; 5] = [0, 1_000, 10_000, 50_000, 200_000];

/// How it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// How long a hop takes.
    pub latency: Latency,
    /// Rates of faults, in a million.
    pub rates: Vec<(Rate, u32)>,
}

/// The group of the left panel.
pub(super) fn chance(lang: Lang, weather: &Weather, send: &Send) -> Html {
    let onchange = send.on_change(|name| {
        let latency = Latency::parse(&name).unwrap_or_default();
        ActMsg::Do(vec![Action::Configure(Change::Latency(latency))])
    });
    html! {
        <details class="group" data-testid="chance">
            <summary><h2>{ tr(lang, "left.chance") }</h2></summary>
            <p class="note">{ tr(lang, "left.chance.what") }</p>
            <label class="pair">
                <span>{ tr(lang, "left.latency") }</span>
                <select class="field" data-testid="weather-latency" {onchange}>
                    { for Latency::ALL.map(|latency| html! {
                        <option key={latency.name()} value={latency.name()} selected={latency == weather.latency}>
                            { tr(lang, &format!("latency.{}", latency.name())) }
                        </option>
                    }) }
                </select>
            </label>
            { for Rate::ALL.map(|rate| line(lang, rate, weather, send)) }
        </details>
    }
}

fn line(lang: Lang, rate: Rate, weather: &Weather, send: &Send) -> Html {
    let now = weather.rates.iter().find(|(known, _)| *known == rate).map_or(0, |(_, parts)| *parts);
    let onchange = send.on_change(move |parts| {
        ActMsg::Do(vec![Action::Configure(Change::Rate(rate, parts.parse().unwrap_or(0)))])
    });
    let mut offered = PARTS.to_vec();
    if !offered.contains(&now) {
        offered.push(now);
    }
    html! {
        <label class="pair" key={rate.name()}>
            <span>{ tr(lang, &format!("rate.{}", rate.name())) }</span>
            <select class="field" data-testid={format!("rate-{}", rate.name())} {onchange}>
                { for offered.into_iter().map(|parts| html! {
                    <option key={parts} value={parts.to_string()} selected={parts == now}>
                        { t(lang, "left.percent", &[("n", percent(parts))]) }
                    </option>
                }) }
            </select>
        </label>
    }
}
