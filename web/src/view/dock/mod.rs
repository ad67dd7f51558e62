//! The dock: tabs below the transport.

use super::props::Send;
use crate::i18n::{Lang, tr};
use crate::model::{PageMsg, Tab};
use yew::prelude::*;

/// Props of [`Dock`].
#[derive(Clone, Debug, PartialEq, Properties)]
#[allow(missing_docs, reason = "the names say it")]
pub struct DockProps {
    pub lang: Lang,
    pub tab: Tab,
    pub open: bool,
    pub send: Send,
}

/// The tabs and the panel of the chosen one.
#[component]
pub fn Dock(props: &DockProps) -> Html {
    let tabs = Tab::ALL.map(|tab| {
        let chosen = tab == props.tab && props.open;
        html! {
            <button key={tab.name()} role="tab" class="tab" aria-selected={chosen.to_string()}
                data-testid={format!("tab-{}", tab.name())} onclick={props.send.on_click(PageMsg::ShowTab(tab))}>
                { tr(props.lang, &format!("dock.{}", tab.name())) }
            </button>
        }
    });
    html! {
        <section class="dock" data-open={props.open.to_string()}>
            <div class="tabs" role="tablist">{ for tabs }</div>
            if props.open {
                <div class="panel" role="tabpanel" data-testid={format!("panel-{}", props.tab.name())} />
            }
        </section>
    }
}
