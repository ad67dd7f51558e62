//! The root: where everything stands, and the one place that reads the model.

use super::callout::{Callout, victim};
use super::chosen::Chosen;
use super::dock::{self, Dock};
use super::header::Header;
use super::left::Left;
use super::moment::{Moment, Said};
use super::overlay::Over;
use super::props::Send;
use super::right::Right;
use super::stage::Stage;
use super::transport::Transport;
use crate::i18n::words::Words;
use crate::i18n::{doings, sentence, tr};
use crate::menu;
use crate::model::{Model, Overlay, PageMsg, Room};
use crate::select::{Ask, Selection};
use crate::store::Store;
use crate::why;
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
        html! {
            <div class="app" data-present={model.present.to_string()} data-lesson={model.class.is_some().to_string()}>
                <Header {lang} theme={model.theme} present={model.present} left_open={model.shows_left()} right_open={model.shows_right()}
                    release={model.session.genesis().settings.release} lesson={model.class.as_ref().map(|class| class.chapter.name)}
                    send={send.clone()} />
                <main class="places">
                    { self.left(&model) }
                    { self.stage(&model) }
                    { self.right(&model) }
                </main>
                <footer class="bottom">
                    { for model.words(|words| victim(&model, words)).map(|victim| html! {
                        <Callout {lang} {victim} send={send.clone()} />
                    }) }
                    { self.chosen(&model) }
                    <Moment {lang} said={said(&model)} playing={model.player.playing} notice={model.notice.clone()} send={send.clone()} />
                    { self.transport(&model) }
                    if !model.present {
                        <Dock {lang} look={dock::of(&model)} send={send.clone()} />
                    }
                </footer>
                { self.over(&model) }
            </div>
        }
    }
}

impl App {
    fn left(&self, model: &Model) -> Html {
        if !model.shows_left() {
            return Html::default();
        }
        html! {
            <Left lang={model.lang} class={model.class.clone()} draft={Rc::clone(&model.draft)} seed={model.session.genesis().seed}
                watching={model.player.stop_at.is_some()} send={self.send.clone()} />
        }
    }

    fn stage(&self, model: &Model) -> Html {
        let focus = model.class.as_ref().map(|class| Rc::clone(&class.focus)).unwrap_or_default();
        html! {
            <section class="stage" aria-label={tr(model.lang, "stage.label")} data-testid="stage">
                <Stage view={model.session.view()} frames={self.send.store().frames.clone()} selected={model.selected} {focus}
                    paused={!model.player.playing} presenting={model.present} lang={model.lang} on={self.ask.clone()} />
            </section>
        }
    }

    fn right(&self, model: &Model) -> Html {
        if !model.shows_right() {
            return Html::default();
        }
        let session = &model.session;
        let (chain, stuck) =
            model.words(|words| (why::chain(session, model.selected, words), why::stuck(session, words)));
        html! {
            <Right lang={model.lang} view={session.view()} paused={!model.player.playing} selected={model.selected}
                settings={session.genesis().settings} names={session.names()} chain={Rc::new(chain)} stuck={Rc::new(stuck)}
                branches={Rc::new(session.branches())} send={self.send.clone()} />
        }
    }

    /// What is selected and what can be done with it, where the inspector is not beside the stage.
    fn chosen(&self, model: &Model) -> Html {
        let Some(target) = model.selected.filter(|_| model.room != Room::Wide && !model.present) else {
            return Html::default();
        };
        let name = model.words(|words| name_of(target, model, words));
        html! { <Chosen lang={model.lang} {name} {target} send={self.send.clone()} /> }
    }

    fn transport(&self, model: &Model) -> Html {
        let session = &model.session;
        html! {
            <Transport lang={model.lang} playing={model.player.playing} step={model.step} pace={model.player.pace}
                event={session.event()} end={session.end()} seed={session.genesis().seed}
                finished={session.next_due().is_none()} can_undo={!session.interventions().is_empty()} send={self.send.clone()} />
        }
    }

    fn over(&self, model: &Model) -> Html {
        let Some(overlay) = model.overlay.clone() else { return Html::default() };
        let (items, subject) = match overlay {
            Overlay::Menu(target, _) => model.words(|words| {
                (menu::items(target, &model.session.view(), words), name_of(target, model, words))
            }),
            _ => (Vec::new(), String::new()),
        };
        html! { <Over lang={model.lang} {overlay} items={Rc::new(items)} {subject} send={self.send.clone()} /> }
    }
}

/// The selected thing in words.
fn name_of(target: Selection, model: &Model, words: &Words<'_>) -> String {
    match target {
        Selection::Node(node) | Selection::MetadataRecord { controller: node, .. } => {
            crate::i18n::capital(&words.node(node))
        }
        Selection::Partition(partition) => words.partition(partition),
        Selection::Replica { partition, broker } | Selection::Record { partition, broker, .. } => {
            format!("{} · {}", words.partition(partition), words.node(broker))
        }
        Selection::Timer(node, timer) => {
            format!("{} · {}", words.node(node), kraftscope_core::scenario::words::show_timer(timer))
        }
        Selection::Link { from, to } => format!("{} ↔ {}", words.node(from), words.node(to)),
        Selection::Flight(packet) => {
            let view = model.session.view();
            let flight = view.flights.iter().find(|flight| flight.id == packet);
            flight.map_or_else(String::new, |flight| {
                format!("{} {} → {}", flight.api, words.node(flight.from), words.node(flight.to))
            })
        }
    }
}

/// What is said of the event at the cursor.
pub fn said(model: &Model) -> Said {
    let session = &model.session;
    model.words(|words| {
        // In the first moments everything waits for something, and that is no news.
        let stuck = why::stuck(session, words).into_iter().next().filter(|_| !model.callout);
        match (session.moment(), session.log()) {
            (Some((node, note)), _) => Said {
                sentence: sentence::note(words, node, &note),
                why: sentence::why(words, node, &note),
                source: explain::source(&note),
                notable: explain::is_notable(&note),
                stuck,
            },
            (None, Some(log)) => Said { sentence: doings::event(words, log), stuck, ..Said::default() },
            (None, None) => Said { sentence: tr(words.lang, "moment.start"), ..Said::default() },
        }
    })
}
