//! The dock: tabs below the transport.

mod checks;
mod events;
mod flags;
mod timeline;

pub use checks::Checks;
pub use events::Events;
pub use timeline::Timeline;

use super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::marks::LANES;
use crate::model::{Model, PageMsg, Tab};
use kraftscope_core::check::{INVARIANTS, State};
use std::rc::Rc;
use yew::prelude::*;

/// Props of [`Dock`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DockProps {
    pub lang: Lang,
    pub tab: Tab,
    pub open: bool,
    /// Broken invariants so far.
    pub broken: u32,
    /// The panel of the chosen tab.
    #[prop_or_default]
    pub children: Html,
    pub send: Send,
}

/// The tabs and the panel of the chosen one.
#[component]
pub fn Dock(props: &DockProps) -> Html {
    let DockProps { lang, tab: shown, open, broken, children, send } = props.clone();
    let tabs = Tab::ALL.map(|tab| {
        let chosen = tab == shown && open;
        html! {
            <button key={tab.name()} role="tab" class="tab" aria-selected={chosen.to_string()}
                data-testid={format!("tab-{}", tab.name())} onclick={send.on_click(PageMsg::ShowTab(tab))}>
                { tr(lang, &format!("dock.{}", tab.name())) }
                if tab == Tab::Checks { { badge(lang, broken) } }
            </button>
        }
    });
    html! {
        <section class="dock" data-open={open.to_string()}>
            <div class="tabs" role="tablist">{ for tabs }</div>
            if open {
                <div class="panel" role="tabpanel" data-testid={format!("panel-{}", shown.name())}>{ children }</div>
            }
        </section>
    }
}

fn badge(lang: Lang, broken: u32) -> Html {
    let text = if broken == 0 { "✓".to_owned() } else { format!("✗ {broken}") };
    let label = t(lang, "checks.badge", &[("n", broken.to_string())]);
    html! { <span class="badge" data-broken={(broken > 0).to_string()} data-testid="checks-badge" title={label}>{ text }</span> }
}

/// The panel of the tab that is shown.
pub fn panel(model: &Model, send: &Send) -> Html {
    let (lang, session) = (model.lang, &model.session);
    match model.tab {
        Tab::Timeline => html! {
            <Timeline {lang} interventions={Rc::new(session.interventions().to_vec())} zoom={model.zoom} circle={model.player.circle}
                end={session.end_time()} send={send.clone()} />
        },
        Tab::Events => {
            let shown = LANES.map(Some).into_iter().chain([None]).filter(|lane| model.filter.shows(*lane));
            html! {
                <Events {lang} found={model.filter.found()} count={model.filter.found().len()} query={model.filter.query().to_owned()}
                    shown={Rc::new(shown.collect::<Vec<_>>())} event={session.event()} send={send.clone()} />
            }
        }
        Tab::Checks => {
            let checker = session.history().sim().checker();
            let rows = 0..INVARIANTS.len() as u32;
            let states: Vec<State> = checker
                .map(|checker| rows.filter_map(|row| checker.state(row)).collect())
                .unwrap_or_default();
            html! { <Checks {lang} states={Rc::new(states)} names={session.names()} send={send.clone()} /> }
        }
    }
}
