//! The header: what is shown, and the page's own settings.

use crate::i18n::{Lang, tr};
use crate::model::{Msg, Theme};
use yew::prelude::*;

/// Props of [`Header`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct HeaderProps {
    pub lang: Lang,
    pub theme: Theme,
    pub present: bool,
    pub send: Callback<Msg>,
}

/// The bar on top.
#[component]
pub fn Header(props: &HeaderProps) -> Html {
    let lang = props.lang;
    let other = if lang == Lang::En { Lang::Zh } else { Lang::En };
    let theme = match props.theme {
        Theme::Auto => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::Auto,
    };
    let says = |msg: Msg| props.send.reform(move |_: MouseEvent| msg.clone());
    html! {
        <header class="header">
            <h1 class="brand"><span class="brand-mark" aria-hidden="true" />{ "kraftscope" }</h1>
            <span class="spring" />
            <button class="button" data-testid="present" aria-pressed={props.present.to_string()}
                title={tr(lang, "header.present.title")} onclick={says(Msg::TogglePresent)}>
                { tr(lang, "header.present") }
            </button>
            <button class="button" data-testid="language" lang={other.tag()} title={tr(lang, "header.language")}
                onclick={says(Msg::SetLang(other))}>
                { tr(other, "header.language.own") }
            </button>
            <button class="button" data-testid="theme" title={tr(lang, "header.theme")} onclick={says(Msg::SetTheme(theme))}>
                { tr(lang, &format!("header.theme.{}", props.theme.name())) }
            </button>
        </header>
    }
}
