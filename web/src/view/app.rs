//! The root: where everything stands, and the one place that reads the model.

use super::dock::Dock;
use super::header::Header;
use super::moment::{Moment, Said};
use super::props::Send;
use super::stage::Stage;
use super::transport::Transport;
use crate::i18n::{doings, sentence, tr};
use crate::model::{Model, PageMsg};
use crate::select::Ask;
use crate::store::Store;
use kraftscope_core::explain;
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
    send: Send,
    ask: Callback<Ask>,
}

impl Component for App {
    type Message = ();
    type Properties = AppProps;

    fn create(ctx: &Context<App>) -> App {
        let store = Rc::clone(&ctx.props().store);
        store.on_change(ctx.link().callback(|()| ()));
        let send = Send::new(store);
        let ask = {
            let send = send.clone();
            Callback::from(move |ask| send.now(PageMsg::Ask(ask)))
        };
        App { send, ask }
    }

    fn update(&mut self, _: &Context<App>, (): ()) -> bool {
        true
    }

    fn rendered(&mut self, ctx: &Context<App>, _: bool) {
        ctx.props().store.drawn();
    }

    fn view(&self, ctx: &Context<App>) -> Html {
        let model = ctx.props().store.model();
        let (lang, send) = (model.lang, self.send.clone());
        let session = &model.session;
        html! {
            <div class="app" data-present={model.present.to_string()}>
                <Header {lang} theme={model.theme} present={model.present} left_open={model.left_open}
                    release={session.genesis().settings.release} send={send.clone()} />
                <main class="places">
                    <section class="stage" aria-label={tr(lang, "stage.label")} data-testid="stage">
                        <Stage view={session.view()} frames={ctx.props().store.frames.clone()} selected={model.selected}
                            paused={!model.player.playing} presenting={model.present} {lang} on={self.ask.clone()} />
                    </section>
                </main>
                <footer class="bottom">
                    <Moment {lang} said={said(&model)} playing={model.player.playing} notice={model.notice.clone()} send={send.clone()} />
                    <Transport {lang} playing={model.player.playing} step={model.step} pace={model.player.pace}
                        event={session.event()} end={session.end()} seed={session.genesis().seed}
                        finished={session.next_due().is_none()} send={send.clone()} />
                    <Dock {lang} tab={model.tab} open={model.dock_open && !model.present} send={send.clone()} />
                </footer>
            </div>
        }
    }
}

/// What is said of the event at the cursor.
pub fn said(model: &Model) -> Said {
    let session = &model.session;
    model.words(|words| match (session.moment(), session.log()) {
        (Some((node, note)), _) => Said {
            sentence: sentence::note(words, node, &note),
            why: sentence::why(words, node, &note),
            source: explain::source(&note),
            notable: explain::is_notable(&note),
            stuck: Vec::new(),
        },
        (None, Some(log)) => Said { sentence: doings::event(words, log), ..Said::default() },
        (None, None) => Said { sentence: tr(words.lang, "moment.start"), ..Said::default() },
    })
}
