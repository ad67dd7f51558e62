//! What every piece of the stage needs: the places, the language, and where to report to.

use crate::i18n::{Lang, t, tr};
use crate::layout::{Layout, Rect};
use crate::select::{Ask, Selection};
use crate::view::props::Same;
use kraftscope_core::id::StepId;
use yew::prelude::*;

use super::svg::frame;

/// Shared by all pieces; cheap to clone and to compare.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sheet {
    pub(super) layout: Same<Layout>,
    pub(super) lang: Lang,
    pub(super) on: Callback<Ask>,
}

impl Sheet {
    /// The text under `stage.key`.
    pub(super) fn say(&self, key: &str) -> String {
        tr(self.lang, &format!("stage.{key}"))
    }

    /// The text under `stage.key` with its placeholders filled.
    pub(super) fn tell(&self, key: &str, args: &[(&str, String)]) -> String {
        t(self.lang, &format!("stage.{key}"), args)
    }

    /// Enter selects; the browser itself opens the menu on the menu key. A screen reader's click has no place.
    pub(super) fn keys(&self, what: Selection) -> Callback<KeyboardEvent> {
        let on = self.on.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" {
                event.prevent_default();
                event.stop_propagation();
                on.emit(Ask::Select(Some(what)));
            }
        })
    }

    /// A click without a pointer: a screen reader pressed the thing.
    pub(super) fn press(&self, what: Selection) -> Callback<MouseEvent> {
        let on = self.on.clone();
        Callback::from(move |event: MouseEvent| {
            if event.detail() == 0 {
                event.stop_propagation();
                on.emit(Ask::Select(Some(what)));
            }
        })
    }
}

/// Marks what an event changed, around `area`, until something else changes.
pub(super) fn halo(area: Rect, radius: f64, changed: Option<StepId>) -> Html {
    changed.map_or_else(Html::default, |event| {
        html! { <g key={event.0} class="st-halo">{ frame(area.grow(4.0), radius + 4.0, "st-halo-frame") }</g> }
    })
}
