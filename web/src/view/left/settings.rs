//! Every setting that the core honours, under Kafka's key, with its default and unit, found by a few letters.

use super::super::props::Send;
use super::shape::field;
use crate::i18n::{Lang, t, tr};
use crate::model::RunMsg;
use crate::model::draft::Draft;
use kraftscope_core::config::{Kind, Setting, Value};
use yew::prelude::*;

/// The searchable list.
pub(super) fn settings(lang: Lang, draft: &Draft, send: &Send) -> Html {
    let oninput = send.on_input(|text| RunMsg::Set("search".to_owned(), text));
    html! {
        <details class="group" open={!draft.search.is_empty()} data-testid="settings">
            <summary><h2>{ tr(lang, "left.settings") }</h2></summary>
            <input class="field wide-field" type="search" data-testid="settings-search" value={draft.search.clone()} {oninput}
                placeholder={tr(lang, "left.settings.search")} aria-label={tr(lang, "left.settings.search")} />
            <div class="settings">
                { for draft.found().map(|setting| line(lang, draft, setting, send)) }
            </div>
        </details>
    }
}

const fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Millis => "unit.ms",
        Kind::Seconds => "unit.s",
        Kind::Micros => "unit.us",
        Kind::Records => "unit.records",
        Kind::Count
        | Kind::Bool
        | Kind::Acks
        | Kind::OffsetReset
        | Kind::ReplicaSelector
        | Kind::Racks
        | Kind::GroupProtocol
        | Kind::Strategy
        | Kind::ReadMode => "unit.none",
    }
}

fn line(lang: Lang, draft: &Draft, setting: &'static Setting, send: &Send) -> Html {
    let name = format!("set.{}", setting.key);
    let settings = &draft.shape().settings;
    let value = settings.get(setting.key).unwrap_or(Value::Number(0));
    let default = setting.default_of(settings.release);
    let changed = value != default;
    let note = t(
        lang,
        "left.settings.default",
        &[
            ("default", default.to_string()),
            ("unit", tr(lang, unit(setting.kind))),
            ("source", setting.source.to_owned()),
        ],
    );
    html! {
        <div class="setting" key={setting.key} data-changed={changed.to_string()} title={note.clone()}>
            { field(lang, draft, &name, setting.key, &value.to_string(), send) }
            <span class="note">{ note }</span>
        </div>
    }
}
