//! The header: what is shown, and the page's own settings.

use super::props::Send;
use crate::i18n::{Lang, tr};
use crate::model::lesson::titles;
use crate::model::{LessonMsg, PageMsg, RunMsg};
use crate::view::icon::icon;
use kraftscope_core::release::Release;
use yew::prelude::*;

/// Props of [`Header`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HeaderProps {
    pub lang: Lang,
    pub theme: crate::model::Theme,
    pub present: bool,
    pub left_open: bool,
    pub right_open: bool,
    pub release: Release,
    /// The chapter under way.
    pub lesson: Option<&'static str>,
    pub send: Send,
}

/// The bar on top.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let HeaderProps { lang, theme, present, left_open, right_open, release, lesson, send } = props.clone();
    let other = if lang == Lang::En { Lang::Zh } else { Lang::En };
    html! {
        <header class="header">
            <button class="button quiet icon" data-testid="toggle-left" aria-expanded={left_open.to_string()}
                title={tr(lang, "header.left")} aria-label={tr(lang, "header.left")} onclick={send.on_click(PageMsg::ToggleLeft)}>
                { icon("menu") }
            </button>
            <h1 class="brand"><span class="brand-mark" aria-hidden="true" />{ "kraftscope" }</h1>
            { lessons(lang, lesson, &send) }
            { releases(lang, release, &send) }
            <span class="spring" />
            <button class="button" data-testid="palette" title={tr(lang, "keys.palette")}
                onclick={send.on_click(PageMsg::Open(crate::model::Overlay::Palette))}>
                <span class="wide">{ tr(lang, "header.commands") }</span><kbd>{ "/" }</kbd>
            </button>
            <button class="button" data-testid="share" title={tr(lang, "header.share.title")} onclick={send.on_click(RunMsg::Share)}>
                { tr(lang, "header.share") }
            </button>
            <button class="button wide" data-testid="present" aria-pressed={present.to_string()}
                title={tr(lang, "header.present.title")} onclick={send.on_click(PageMsg::TogglePresent)}>
                { tr(lang, "header.present") }
            </button>
            <button class="button" data-testid="language" lang={other.tag()} title={tr(lang, "header.language")}
                onclick={send.on_click(PageMsg::SetLang(other))}>
                { tr(other, "header.language.own") }
            </button>
            <button class="button icon" data-testid="theme" title={tr(lang, "header.theme")}
                aria-label={format!("{}: {}", tr(lang, "header.theme"), tr(lang, &format!("header.theme.{}", theme.name())))}
                onclick={send.on_click(PageMsg::SetTheme(theme.next()))}>
                { icon(theme.name()) }
            </button>
            <button class="button quiet icon" data-testid="toggle-right" aria-expanded={right_open.to_string()}
                title={tr(lang, "header.right")} aria-label={tr(lang, "header.right")} onclick={send.on_click(PageMsg::ToggleRight)}>
                { icon("side") }
            </button>
        </header>
    }
}

fn lessons(lang: Lang, chosen: Option<&'static str>, send: &Send) -> Html {
    let onchange = send.on_change(LessonMsg::Open);
    html! {
        <select class="field lessons" data-testid="lesson-picker" aria-label={tr(lang, "header.lessons")} title={tr(lang, "header.lessons")} {onchange}>
            <option value="" selected={chosen.is_none()}>{ tr(lang, "header.free") }</option>
            <optgroup label={tr(lang, "header.lessons")}>
                { for titles(lang).into_iter().map(|(name, title)| html! {
                    <option key={name} value={name} selected={chosen == Some(name)}>{ title }</option>
                }) }
            </optgroup>
        </select>
    }
}

fn releases(lang: Lang, chosen: Release, send: &Send) -> Html {
    let onchange = send.on_change(|name| RunMsg::Release(Release::parse(&name).unwrap_or_default()));
    html! {
        <label class="inline" title={tr(lang, "header.release.title")}>
            <span class="wide note">{ tr(lang, "header.release") }</span>
            <select class="field" data-testid="release" aria-label={tr(lang, "header.release")} {onchange}>
                { for Release::ALL.map(|release| html! {
                    <option key={release.name()} value={release.name()} selected={release == chosen}>
                        { format!("Kafka {release}") }
                    </option>
                }) }
            </select>
        </label>
    }
}
