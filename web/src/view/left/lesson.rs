//! A lesson: one step at a time, its prose, its prediction, its goal.

use super::super::props::Send;
use super::super::prose::{blocks, runs};
use crate::i18n::{Lang, t, tr};
use crate::model::LessonMsg;
use crate::model::lesson::{Class, Progress};
use crate::platform::dom;
use kraftscope_tutorials::{Goal, Predict};
use yew::prelude::*;

/// How far below the panel's upper edge begins what a run has revealed, in CSS pixels.
const REVEALED: f64 = 150.0;

/// The step that is shown.
pub(super) fn lesson(lang: Lang, class: &Class, watching: bool, send: &Send) -> Html {
    let (step, progress) = (class.now(), class.progress());
    let place = [("n", (class.step + 1).to_string()), ("of", class.steps.len().to_string())];
    let ran = progress.ran && !watching;
    html! {
        <article class="lesson" data-testid="lesson" data-step={class.step.to_string()} data-done={class.is_done().to_string()}>
            <p class="caps">{ &class.lesson.title }{ " · " }{ t(lang, "lesson.step", &place) }</p>
            <progress class="lesson-progress" max={class.steps.len().to_string()} value={(class.step + 1).to_string()}
                aria-label={t(lang, "lesson.step", &place)} />
            if class.step == 0 { <div class="summary">{ blocks(&class.lesson.summary) }</div> }
            <h2>{ &step.title }</h2>
            <div class="prose">{ blocks(&step.before) }</div>
            if let Some(predict) = &step.predict { { prediction(lang, predict, progress.answer, ran, send) } }
            <Follow step={class.step as u32} {ran} />
            if ran { <div class="prose" data-testid="after">{ blocks(&step.after) }</div> }
            if let Some(goal) = step.goal.as_ref().filter(|_| ran || step.script.is_empty()) { { target(lang, goal, progress, send) } }
            { turn(lang, class, watching, send) }
        </article>
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Properties)]
struct FollowProps {
    step: u32,
    ran: bool,
}

/// Where what was revealed begins. The panel follows the student: to the top of a new step, and to what the script has
/// shown once it was played, with the verdict of the prediction above it.
#[component]
fn Follow(props: &FollowProps) -> Html {
    let place = use_node_ref();
    use_effect_with(*props, {
        let place = place.clone();
        move |props| dom::scroll_panel_to(&place, if props.ran { REVEALED } else { f64::MAX })
    });
    html! { <div class="follow" ref={place} /> }
}

fn prediction(lang: Lang, predict: &Predict, answer: Option<usize>, ran: bool, send: &Send) -> Html {
    let choices = predict.answers.iter().enumerate().map(|(i, choice)| {
        let chosen = answer == Some(i);
        // What was right is told with the revelation, not before.
        let verdict = match (answer.is_some() && ran, choice.right, chosen) {
            (true, true, _) => "right",
            (true, false, true) => "wrong",
            _ => "open",
        };
        html! {
            <li key={i}>
                <button class="answer" role="radio" aria-checked={chosen.to_string()} data-testid={format!("answer-{i}")} data-verdict={verdict}
                    disabled={answer.is_some()} onclick={send.on_click(LessonMsg::Answer(i))}>{ runs(&choice.text) }</button>
                if verdict != "open" {
                    <p class="explanation" data-testid="explanation">
                        <b>{ tr(lang, &format!("lesson.{verdict}")) }</b>{ " " }{ runs(&choice.explanation) }
                    </p>
                }
            </li>
        }
    });
    html! {
        <section class="predict" data-testid="predict" data-answered={answer.is_some().to_string()}>
            <h3 class="caps">{ tr(lang, "lesson.predict") }</h3>
            <p class="question">{ runs(&predict.question) }</p>
            <ul role="radiogroup" aria-label={tr(lang, "lesson.predict")}>{ for choices }</ul>
        </section>
    }
}

fn target(lang: Lang, goal: &Goal, progress: &Progress, send: &Send) -> Html {
    html! {
        <section class="goal" data-testid="goal" data-reached={progress.reached.to_string()} aria-live="polite">
            <h3 class="caps">{ tr(lang, if progress.reached { "lesson.reached" } else { "lesson.goal" }) }</h3>
            <p>{ runs(&goal.text) }</p>
            if progress.hint && !goal.hint.is_empty() { <p class="note" data-testid="hint-text">{ runs(&goal.hint) }</p> }
            if !progress.reached {
                <div class="row">
                    if !goal.hint.is_empty() && !progress.hint {
                        <button class="button small" data-testid="hint" onclick={send.on_click(LessonMsg::Hint)}>{ tr(lang, "lesson.hint") }</button>
                    }
                    <button class="button quiet small" data-testid="solve" onclick={send.on_click(LessonMsg::Solve)}>{ tr(lang, "lesson.solve") }</button>
                </div>
            }
        </section>
    }
}

fn turn(lang: Lang, class: &Class, watching: bool, send: &Send) -> Html {
    let step = class.now();
    let asked = class.open_question().is_some();
    let main = if watching {
        Some(("lesson-skip", "lesson.skip", LessonMsg::Skip))
    } else if !asked && !class.progress().ran && !step.script.is_empty() {
        Some(("lesson-run", "lesson.run", LessonMsg::Run))
    } else if !asked && class.has_next() {
        Some(("lesson-next", "lesson.next", LessonMsg::Next))
    } else if !asked {
        Some(("lesson-leave", "lesson.leave", LessonMsg::Open(String::new())))
    } else {
        None
    };
    html! {
        <div class="turn">
            <button class="button" data-testid="lesson-previous" disabled={class.step == 0}
                onclick={send.on_click(LessonMsg::Previous)}>{ tr(lang, "lesson.previous") }</button>
            <button class="button quiet" data-testid="lesson-again" title={tr(lang, "lesson.again.title")}
                onclick={send.on_click(LessonMsg::Again)}>{ tr(lang, "lesson.again") }</button>
            <span class="spring" />
            if let Some((id, key, msg)) = main {
                <button class="button primary" data-testid={id} onclick={send.on_click(msg)}>{ tr(lang, key) }</button>
            } else {
                <span class="note">{ tr(lang, "lesson.answer-first") }</span>
            }
        </div>
    }
}
