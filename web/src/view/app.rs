//! The root: where everything stands, and the one place that reads the model.

use crate::i18n::tr;
use crate::keys;
use crate::model::Msg;
use crate::store::Store;
use crate::view::dock::Dock;
use crate::view::header::Header;
use crate::view::transport::Transport;
use std::rc::Rc;
use yew::prelude::*;

/// The store; equal to itself only.
#[derive(Clone, Debug, Properties)]
pub struct AppProps {
    /// The state of the page.
    pub store: Rc<Store>,
}

impl PartialEq for AppProps {
    fn eq(&self, other: &AppProps) -> bool {
        Rc::ptr_eq(&self.store, &other.store)
    }
}

/// The whole page.
#[derive(Debug)]
pub struct App {
    send: Callback<Msg>,
}

impl Component for App {
    type Message = ();
    type Properties = AppProps;

    fn create(ctx: &Context<App>) -> App {
        let store = Rc::clone(&ctx.props().store);
        store.on_change(ctx.link().callback(|()| ()));
        App { send: Callback::from(move |msg| store.dispatch(msg)) }
    }

    fn update(&mut self, _: &Context<App>, (): ()) -> bool {
        true
    }

    fn view(&self, ctx: &Context<App>) -> Html {
        let model = ctx.props().store.model();
        let lang = model.lang;
        let send = self.send.clone();
        let on_key = {
            let send = send.clone();
            Callback::from(move |event: KeyboardEvent| {
                if let Some(msg) = keys::message(&event.key()) {
                    event.prevent_default();
                    send.emit(msg);
                }
            })
        };
        html! {
            <div class="app" onkeydown={on_key}>
                <Header {lang} theme={model.theme} present={model.present} send={send.clone()} />
                <main class="places">
                    <section class="stage" aria-label={tr(lang, "stage.label")} data-testid="stage" />
                </main>
                <footer class="bottom">
                    <Transport {lang} playing={model.player.playing} send={send.clone()} />
                    <Dock {lang} tab={model.tab} open={model.dock_open} {send} />
                </footer>
            </div>
        }
    }
}
