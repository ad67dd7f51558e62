//! The root: where everything stands, and the one place that reads the model.

use super::callout::{Callout, victim};
use super::chosen::Chosen;
use super::compare::{self, Comparison, Figures};
use super::dock::{self, Dock};
use super::header::{CLAIMS, Header};
use super::left::{Left, Weather};
use super::moment::{Moment, Said};
use super::overlay::Over;
use super::props::{Same, Send, WhyLink};
use super::right::Right;
use super::stage::Stage;
use super::transport::Transport;
use crate::i18n::words::Words;
use crate::i18n::{Lang, doings, sentence, tr};
use crate::menu;
use crate::model::compare::MOST;
use crate::model::{CompareMsg, Model, Overlay, PageMsg, Room};
use crate::select::{Ask, Selection};
use crate::session::Session;
use crate::store::Store;
use crate::{platform, why};
use kraftscope_core::explain;
use kraftscope_core::id::StepId;
use kraftscope_core::sim::action::Action;
use std::cell::RefCell;
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

/// Milliseconds between two searches for reasons while time runs.
const REASONS_EVERY: f64 = 300.0;

/// Why things are as they are, and about what that was asked.
#[derive(Clone, Debug, Default)]
struct Reasons {
    about: Option<(u64, Option<Selection>, Lang)>,
    at: f64,
    chain: Rc<Vec<WhyLink>>,
    stuck: Rc<Vec<String>>,
}

/// What was counted in a comparison, and when that was.
#[derive(Clone, Debug, Default)]
struct Counted {
    at: f64,
    figures: Rc<Figures>,
}

/// The whole page.
#[derive(Debug)]
pub struct App {
    send: Send,
    /// What the stages of a comparison ask for.
    asks: Rc<Vec<Callback<Ask>>>,
    counted: RefCell<Counted>,
    ask: Callback<Ask>,
    reasons: RefCell<Reasons>,
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
        let pane = |number: usize| {
            let send = send.clone();
            Callback::from(move |ask| send.now(CompareMsg::Ask(number, ask)))
        };
        let asks = Rc::new((0..MOST).map(pane).collect());
        App { send, asks, counted: RefCell::default(), ask, reasons: RefCell::default() }
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
        let reasons = self.reasons(&model);
        // In the first moments everything waits for something, and that is no news.
        let stuck = reasons.stuck.first().filter(|_| !model.callout).cloned();
        html! {
            <div class="app" data-present={model.present.to_string()} data-lesson={(model.class.is_some() || model.claim.is_some()).to_string()}>
                <Header {lang} room={model.room} theme={model.theme} present={model.present} left_open={model.shows_left()} right_open={model.shows_right()}
                    mode={model.session.genesis().mode} release={model.session.genesis().settings.release} lesson={chosen_lesson(&model)} comparing={model.compare.is_some()}
                    send={send.clone()} />
                <main class="places">
                    { self.left(&model) }
                    if model.compare.is_some() { { self.comparison(&model) } } else { { self.stage(&model) } }
                    { self.right(&model, &reasons) }
                </main>
                <footer class="bottom">
                    { for model.words(|words| victim(&model, words)).map(|victim| html! {
                        <Callout {lang} {victim} send={send.clone()} />
                    }) }
                    { self.chosen(&model) }
                    <Moment {lang} said={said(&model, stuck)} notice={model.notice.clone()} send={send.clone()} />
                    { self.transport(&model) }
                    if !model.present && model.compare.is_none() {
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
        let sim = model.session.history().sim();
        let rates = sim.rates().iter().map(|(rate, parts)| (*rate, *parts)).collect();
        let weather = Weather { latency: sim.net().latency, rates };
        html! {
            <Left {weather} lang={model.lang} class={model.class.clone()} claim={model.claim.clone()} draft={Rc::clone(&model.draft)} seed={model.session.genesis().seed}
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

    fn right(&self, model: &Model, reasons: &Reasons) -> Html {
        if !model.shows_right() {
            return Html::default();
        }
        let session = &model.session;
        html! {
            <Right lang={model.lang} view={session.view()} paused={!model.player.playing} selected={model.selected}
                settings={session.genesis().settings} names={session.names()} chain={Rc::clone(&reasons.chain)}
                stuck={Rc::clone(&reasons.stuck)} branches={Rc::new(session.branches())} send={self.send.clone()} />
        }
    }

    fn comparison(&self, model: &Model) -> Html {
        let figures = Same(self.counted(model));
        let Some(look) = compare::of(model, figures) else { return Html::default() };
        html! { <Comparison lang={model.lang} {look} asks={Rc::clone(&self.asks)} send={self.send.clone()} /> }
    }

    /// What was counted in the panes. While time runs that is looked at a few times a second, and lost records, for
    /// which every record is looked at, only when it stands.
    fn counted(&self, model: &Model) -> Rc<Figures> {
        let mut kept = self.counted.borrow_mut();
        let now = platform::clock();
        if !model.player.playing || now - kept.at > REASONS_EVERY {
            let figures = compare::figures(model, !model.player.playing, &kept.figures);
            if *kept.figures != figures {
                kept.figures = Rc::new(figures);
            }
            kept.at = now;
        }
        Rc::clone(&kept.figures)
    }

    /// Why things are as they are. While time runs they are looked for a few times a second, not at every event.
    fn reasons(&self, model: &Model) -> Reasons {
        let mut kept = self.reasons.borrow_mut();
        let now = platform::clock();
        let about = (model.session.past(), model.selected, model.lang);
        if !model.player.playing || kept.about != Some(about) || now - kept.at > REASONS_EVERY {
            let session = &model.session;
            let (chain, stuck) =
                model.words(|words| (why::chain(session, model.selected, words), why::stuck(session, words)));
            *kept = Reasons { about: Some(about), at: now, chain: Rc::new(chain), stuck: Rc::new(stuck) };
        }
        kept.clone()
    }

    /// What is selected and what can be done with it, where the inspector is not beside the stage.
    fn chosen(&self, model: &Model) -> Html {
        let Some(target) = model
            .selected
            .filter(|_| (model.room != Room::Wide || model.compare.is_some()) && !model.present)
        else {
            return Html::default();
        };
        let name = model.words(|words| name_of(target, model, words));
        html! { <Chosen lang={model.lang} {name} {target} send={self.send.clone()} /> }
    }

    fn transport(&self, model: &Model) -> Html {
        let session = &model.session;
        html! {
            <Transport lang={model.lang} room={model.room} playing={model.player.playing} step={model.step} pace={model.player.pace}
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

/// What the lesson picker shows.
fn chosen_lesson(model: &Model) -> Option<&'static str> {
    let claims = model.claim.is_some() || model.overlay == Some(Overlay::Claims);
    let chapter = model.class.as_ref().map(|class| class.chapter.name);
    if claims { Some(CLAIMS) } else { chapter }
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
        Selection::Znode(path) => path.to_string(),
        Selection::Group(name) => crate::i18n::t(words.lang, "stage.group", &[("group", name.to_string())]),
        Selection::Flight(packet) => {
            let view = model.session.view();
            let flight = view.flights.iter().find(|flight| flight.id == packet);
            flight.map_or_else(String::new, |flight| {
                format!("{} {} → {}", flight.api, words.node(flight.from), words.node(flight.to))
            })
        }
    }
}

/// What cuts many links or heals them is told as one thing, not by the first of them.
fn cut_off(session: &Session, event: StepId) -> Option<Action> {
    let action = session.history().step_log(event)?.action;
    matches!(action, Action::Isolate(_) | Action::Rejoin(_) | Action::HealAll).then_some(action)
}

/// What is said at the cursor: the latest notable thing, and the event itself when it is routine.
pub fn said(model: &Model, stuck: Option<String>) -> Said {
    let session = &model.session;
    model.words(|words| {
        let notable = session.latest_notable();
        let headline =
            notable.map(|(event, node, note)| (event, sentence::note(words, node, &note), note, node));
        let here = headline.as_ref().is_some_and(|(event, ..)| *event == session.event());
        let routine = match (session.moment(), session.log()) {
            _ if here => String::new(),
            (Some((node, note)), _) => sentence::note(words, node, &note),
            (None, Some(log)) => doings::event(words, log),
            (None, None) => tr(words.lang, "moment.start"),
        };
        match headline {
            Some((event, ..)) if cut_off(session, event).is_some() => Said {
                sentence: cut_off(session, event)
                    .map(|action| doings::did(words, &action))
                    .unwrap_or_default(),
                why: tr(words.lang, "why.cut-off"),
                source: "",
                routine,
                stuck,
            },
            Some((_, sentence, note, node)) => Said {
                sentence,
                why: sentence::why(words, node, &note),
                source: explain::source(&note, words.mode),
                routine,
                stuck,
            },
            None => Said { sentence: routine, ..Said::default() },
        }
    })
}
