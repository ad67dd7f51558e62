//! The header: what is shown, and the page's own settings.

use super::props::Send;
use crate::i18n::{Lang, tr};
use crate::model::lesson::titles;
use crate::model::{LessonMsg, Overlay, PageMsg, Room, RunMsg, Theme};
use crate::view::icon::icon;
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
    pub release: Release,
    /// The chapter under way.
    pub lesson: Option<&'static str>,
    pub send: Send,
}

/// The bar on top.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let HeaderProps { lang, room, theme, present, left_open, right_open, release, lesson, send } =
        props.clone();
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
                { releases(lang, release, &send) }
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

/// Which Kafka release is played.
pub(super) fn releases(lang: Lang, chosen: Release, send: &Send) -> Html {
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
