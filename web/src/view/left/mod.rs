//! The left panel: the lesson under way, the claim that is shown, or the shape of the cluster.

mod chance;
mod claim;
mod lesson;
mod settings;
mod shape;

pub use chance::Weather;

use super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::model::claims::OpenClaim;
use crate::model::draft::Draft;
use crate::model::lesson::Class;
use crate::model::{PageMsg, RunMsg};
use crate::view::icon::icon;
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Left`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct LeftProps {
    pub lang: Lang,
    pub class: Option<Class>,
    pub claim: Option<OpenClaim>,
    pub draft: Rc<Draft>,
    pub seed: u64,
    pub weather: Weather,
    /// A script is being played: its end is not reached yet.
    pub watching: bool,
    pub send: Send,
}

/// The panel.
#[component]
pub fn Left(props: &LeftProps) -> Html {
    let LeftProps { lang, class, claim, draft, seed, weather, watching, send } = props.clone();
    html! {
        <aside class="side left" data-testid="left" aria-label={tr(lang, "left.label")}>
            <button class="button quiet icon side-close" aria-label={tr(lang, "close")} onclick={send.on_click(PageMsg::ToggleLeft)}>
                { icon("close") }
            </button>
            if let Some(class) = class {
                { lesson::lesson(lang, &class, watching, &send) }
            } else if let Some(claim) = claim {
                { claim::claim(lang, &claim, &send) }
            } else {
                { shape::shape(lang, &draft, &send) }
                { luck(lang, seed, &send) }
                { chance::chance(lang, &weather, &send) }
                { settings::settings(lang, &draft, &send) }
            }
        </aside>
    }
}

fn luck(lang: Lang, seed: u64, send: &Send) -> Html {
    html! {
        <section class="group">
            <h3 class="caps">{ tr(lang, "left.seed") }</h3>
            <p class="note">{ tr(lang, "left.seed.what") }</p>
            <div class="row">
                <span class="note">{ t(lang, "transport.seed", &[("n", seed.to_string())]) }</span>
                <button class="button" data-testid="luck" onclick={send.on_click(RunMsg::Luck)}>{ tr(lang, "left.luck") }</button>
                <button class="button" data-testid="fresh" onclick={send.on_click(RunMsg::Fresh)}>{ tr(lang, "left.fresh") }</button>
            </div>
        </section>
    }
}
