//! The menu of what can be done to the selected thing: beside the pointer, or a sheet on a phone.

use super::super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::menu::Item;
use crate::model::{ActMsg, PageMsg};
use crate::platform::dom;
use crate::select::Spot;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct MenuProps {
    pub(super) lang: Lang,
    pub(super) at: Spot,
    pub(super) items: Rc<Vec<Item>>,
    pub(super) subject: String,
    pub(super) send: Send,
}

#[component]
pub(super) fn Menu(props: &MenuProps) -> Html {
    let MenuProps { lang, at, items, subject, send } = props.clone();
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(at, move |at| dom::place(&node, at.x, at.y));
    }
    let onkeydown = Callback::from(|event: KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        dom::focus_sibling(&event, by);
    });
    html! {
        <div class="veil clear" data-testid="menu-veil" onclick={send.on_click(PageMsg::Close)}>
            <ul class="menu" role="menu" aria-label={subject.clone()} ref={node} data-testid="menu" {onkeydown}
                onclick={|event: MouseEvent| event.stop_propagation()}>
                <li class="caps" role="presentation">{ subject }</li>
                if items.is_empty() {
                    <li class="note" role="presentation">{ tr(lang, "menu.nothing") }</li>
                }
                { for items.iter().enumerate().map(|(i, item)| line(lang, i, item, &send)) }
            </ul>
        </div>
    }
}

fn line(lang: Lang, number: usize, item: &Item, send: &Send) -> Html {
    let text = t(lang, &format!("do.{}", item.name), &item.args);
    html! {
        <li role="presentation" key={number}>
            <button role="menuitem" class="menu-item" id={(number == 0).then_some("menu-first")}
                data-testid={format!("do-{}", item.name)} data-harm={item.harm.to_string()}
                onclick={send.on_click(ActMsg::Do(item.actions.clone()))}>{ text }</button>
        </li>
    }
}
