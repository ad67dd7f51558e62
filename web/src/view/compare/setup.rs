//! What differs between the panes, and which script is played in them.

use super::super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::model::CompareMsg;
use crate::model::compare::{SCRIPTS, SETTINGS};
use crate::view::icon::icon;
use kraftscope_core::compare::Differ;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct SetupProps {
    pub(super) lang: Lang,
    pub(super) differ: Differ,
    pub(super) script: String,
    pub(super) send: Send,
}

#[component]
pub(super) fn Setup(props: &SetupProps) -> Html {
    let SetupProps { lang, differ, script, send } = props.clone();
    let kind = match differ {
        Differ::Modes(_) => "modes",
        Differ::Releases(_) => "releases",
        Differ::Setting(..) => "set",
    };
    html! {
        <div class="cmp-setup">
            <label class="inline">
                <span class="note">{ tr(lang, "compare.what") }</span>
                <select class="field" data-testid="compare-kind" onchange={send.on_change(CompareMsg::Kind)}>
                    { for ["modes", "releases", "set"].map(|name| html! {
                        <option key={name} value={name} selected={name == kind}>{ tr(lang, &format!("compare.kind.{name}")) }</option>
                    }) }
                </select>
            </label>
            { choices(lang, &differ, &send) }
            <label class="inline">
                <span class="note">{ tr(lang, "compare.script") }</span>
                <select class="field" data-testid="compare-script" onchange={send.on_change(CompareMsg::Script)}>
                    <option value="" selected={script.is_empty()}>{ tr(lang, "compare.script.own") }</option>
                    { for SCRIPTS.iter().map(|(name, _)| html! {
                        <option key={*name} value={*name} selected={*name == script}>{ tr(lang, &format!("compare.script.{name}")) }</option>
                    }) }
                </select>
            </label>
            <button class="button quiet icon cmp-close" data-testid="compare-close" aria-label={tr(lang, "compare.close")} title={tr(lang, "compare.close")}
                onclick={send.on_click(CompareMsg::Close)}>{ icon("close") }</button>
        </div>
    }
}

fn choices(lang: Lang, differ: &Differ, send: &Send) -> Html {
    match differ {
        Differ::Modes(chosen) => html! {
            <div class="segments" role="group" aria-label={tr(lang, "compare.kind.modes")}>
                { for Mode::ALL.map(|mode| html! {
                    <button key={mode.name()} class="button" data-testid={format!("compare-mode-{}", mode.name())}
                        aria-pressed={chosen.contains(&mode).to_string()} title={tr(lang, &format!("mode.{}.what", mode.name()))}
                        onclick={send.on_click(CompareMsg::Mode(mode))}>{ tr(lang, &format!("mode.{}", mode.name())) }</button>
                }) }
            </div>
        },
        Differ::Releases(chosen) => html! {
            <div class="row">{ for chosen.iter().enumerate().map(|(place, release)| releases(lang, place, *release, send)) }</div>
        },
        Differ::Setting(key, values) => html! {
            <div class="row">
                <select class="field" data-testid="compare-setting" aria-label={tr(lang, "compare.kind.set")} onchange={send.on_change(CompareMsg::Setting)}>
                    { for SETTINGS.iter().map(|(name, _)| html! {
                        <option key={*name} value={*name} selected={name == key}>{ *name }</option>
                    }) }
                </select>
                { for values.iter().enumerate().map(|(place, value)| html! {
                    <input key={place} class="field number" type="text" data-testid={format!("compare-value-{place}")} value={value.clone()}
                        aria-label={t(lang, "compare.value", &[("n", (place + 1).to_string())])}
                        onchange={send.on_change(move |text| CompareMsg::Value(place, text))} />
                }) }
            </div>
        },
    }
}

fn releases(lang: Lang, place: usize, chosen: Release, send: &Send) -> Html {
    html! {
        <select key={place} class="field" data-testid={format!("compare-release-{place}")}
            aria-label={t(lang, "compare.release", &[("n", (place + 1).to_string())])}
            onchange={send.on_change(move |name| CompareMsg::Release(place, name))}>
            { for Release::ALL.map(|release| html! {
                <option key={release.name()} value={release.name()} selected={release == chosen}>{ release.name() }</option>
            }) }
        </select>
    }
}
