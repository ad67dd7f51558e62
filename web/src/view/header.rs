//! The header: what is shown, and the page's own settings.

use super::props::Send;
use crate::i18n::{Lang, tr};
use crate::model::lesson::titles;
use crate::model::mode::releases as releases_of;
use crate::model::{CompareMsg, LessonMsg, Msg, Overlay, PageMsg, Room, RunMsg, Theme};
use crate::view::icon::icon;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use yew::prelude::*;

/// Props of [`Header`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HeaderProps {
    pub lang: Lang,
    pub room: Room,
    pub theme: Theme,
    pub present: bool,
    pub left_open: bool,
    pub right_open: bool,
    pub mode: Mode,
    pub release: Release,
    /// The chapter under way, or [`CLAIMS`].
    pub lesson: Option<&'static str>,
    /// Runs are compared.
    pub comparing: bool,
    pub send: Send,
}

/// What stands for the claims among the chapters.
pub const CLAIMS: &str = "#claims";

/// The bar on top.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let HeaderProps {
        lang,
        room,
        theme,
        present,
        left_open,
        right_open,
        mode,
        release,
        lesson,
        comparing,
        send,
    } = props.clone();
    let narrow = room == Room::Narrow;
    let side = |id: &'static str, sign: &'static str, key: &str, open: bool, msg: PageMsg| {
        let title = tr(lang, key);
        html! {
            <button class="button quiet icon" data-testid={id} aria-expanded={open.to_string()} title={title.clone()} aria-label={title}
                onclick={send.on_click(msg)}>{ icon(sign) }</button>
        }
    };
    html! {
        <header class="header">
            { side("toggle-left", "menu", "header.left", left_open, PageMsg::ToggleLeft) }
            <h1 class="brand"><span class="brand-mark" aria-hidden="true" /><span class="brand-name">{ "kraftscope" }</span></h1>
            { lessons(lang, lesson, &send) }
            if narrow {
                { side("more-open", "more", "header.more", false, PageMsg::Open(Overlay::More)) }
            } else {
                { modes(lang, mode, room == Room::Wide, &send) }
                { releases(lang, mode, release, &send) }
                { compare(lang, comparing, &send) }
                <span class="spring" />
                <button class="button spare" data-testid="palette" title={tr(lang, "keys.palette")}
                    onclick={send.on_click(PageMsg::Open(Overlay::Palette))}>
                    <span class="wide">{ tr(lang, "header.commands") }</span><kbd>{ "/" }</kbd>
                </button>
                <button class="button spare" data-testid="share" title={tr(lang, "header.share.title")} onclick={send.on_click(RunMsg::Share)}>
                    { tr(lang, "header.share") }
                </button>
                { looks(lang, theme, present, &send) }
            }
            { side("toggle-right", "side", "header.right", right_open, PageMsg::ToggleRight) }
        </header>
    }
}

/// Runs beside each other.
pub(super) fn compare(lang: Lang, comparing: bool, send: &Send) -> Html {
    html! {
        <button class="button" data-testid="compare" aria-pressed={comparing.to_string()} title={tr(lang, "compare.open")}
            onclick={send.on_click(CompareMsg::Toggle)}>{ tr(lang, "compare.title") }</button>
    }
}

/// Presentation, language, colours.
pub(super) fn looks(lang: Lang, theme: Theme, present: bool, send: &Send) -> Html {
    let other = if lang == Lang::En { Lang::Zh } else { Lang::En };
    let colours =
        format!("{}: {}", tr(lang, "header.theme"), tr(lang, &format!("header.theme.{}", theme.name())));
    html! {
        <>
            <button class="button" data-testid="present" aria-pressed={present.to_string()}
                title={tr(lang, "header.present.title")} onclick={send.on_click(PageMsg::TogglePresent)}>
                { tr(lang, "header.present") }
            </button>
            <button class="button" data-testid="language" lang={other.tag()} title={tr(lang, "header.language")}
                onclick={send.on_click(PageMsg::SetLang(other))}>
                { tr(other, "header.language.own") }
            </button>
            <button class="button icon" data-testid="theme" title={colours.clone()} aria-label={colours}
                onclick={send.on_click(PageMsg::SetTheme(theme.next()))}>
                { icon(theme.name()) }
            </button>
        </>
    }
}

fn lessons(lang: Lang, chosen: Option<&'static str>, send: &Send) -> Html {
    let onchange = send.on_change(|name| match name.as_str() {
        CLAIMS => Msg::from(PageMsg::Open(Overlay::Claims)),
        _ => LessonMsg::Open(name).into(),
    });
    html! {
        <select class="field lessons" data-testid="lesson-picker" aria-label={tr(lang, "header.lessons")} title={tr(lang, "header.lessons")} {onchange}>
            <option value="" selected={chosen.is_none()}>{ tr(lang, "header.free") }</option>
            <optgroup label={tr(lang, "header.lessons")}>
                { for titles(lang).into_iter().map(|(name, title)| html! {
                    <option key={name} value={name} selected={chosen == Some(name)}>{ title }</option>
                }) }
            </optgroup>
            <optgroup label={tr(lang, "claims.group")}>
                <option value={CLAIMS} selected={chosen == Some(CLAIMS)}>{ tr(lang, "claims.title") }</option>
            </optgroup>
        </select>
    }
}

/// In which mode the cluster runs: three buttons where there is room, a list where there is not.
pub(super) fn modes(lang: Lang, chosen: Mode, roomy: bool, send: &Send) -> Html {
    let name = |mode: Mode| tr(lang, &format!("mode.{}", mode.name()));
    if !roomy {
        let onchange = send.on_change(|name| RunMsg::Mode(Mode::parse(&name).unwrap_or_default()));
        return html! {
            <select class="field mode" data-testid="mode" aria-label={tr(lang, "mode")} title={tr(lang, "mode")} {onchange}>
                { for Mode::ALL.map(|mode| html! {
                    <option key={mode.name()} value={mode.name()} selected={mode == chosen}>{ name(mode) }</option>
                }) }
            </select>
        };
    }
    let button = |mode: Mode| {
        let title = tr(lang, &format!("mode.{}.what", mode.name()));
        html! {
            <button key={mode.name()} class="button" data-testid={format!("mode-{}", mode.name())} {title}
                aria-pressed={(mode == chosen).to_string()} onclick={send.on_click(RunMsg::Mode(mode))}>{ name(mode) }</button>
        }
    };
    html! { <div class="segments spare" role="group" aria-label={tr(lang, "mode")}>{ for Mode::ALL.map(button) }</div> }
}

/// Which Kafka release is played.
pub(super) fn releases(lang: Lang, mode: Mode, chosen: Release, send: &Send) -> Html {
    let onchange = send.on_change(|name| RunMsg::Release(Release::parse(&name).unwrap_or_default()));
    html! {
        <label class="inline" title={tr(lang, "header.release.title")}>
            <span class="wide note">{ tr(lang, "header.release") }</span>
            <select class="field" data-testid="release" aria-label={tr(lang, "header.release")} {onchange}>
                { for releases_of(mode).into_iter().map(|release| html! {
                    <option key={release.name()} value={release.name()} selected={release == chosen}>
                        { format!("Kafka {release}") }
                    </option>
                }) }
            </select>
        </label>
    }
}
