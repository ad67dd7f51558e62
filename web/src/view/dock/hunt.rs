//! Find a counterexample: the question on the left, the button, and what the search says on the right.

use crate::hunt::Finding;
use crate::i18n::{Lang, t, tr};
use crate::model::HuntMsg;
use crate::model::hunt::{Hunt, Stage};
use crate::model::mode::releases as releases_of;
use crate::view::props::Send;
use kraftscope_core::config::Acks;
use kraftscope_core::mode::Mode;
use kraftscope_core::release::Release;
use kraftscope_core::switches::SWITCHES;
use kraftscope_search::fault::Fault;
use yew::prelude::*;

/// The values that are offered for min.insync.replicas.
const MIN_ISR: [u32; 3] = [1, 2, 3];

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct HuntProps {
    pub(super) lang: Lang,
    pub(super) hunt: Hunt,
    pub(super) send: Send,
}

/// The panel.
#[component]
pub(super) fn HuntPanel(props: &HuntProps) -> Html {
    let HuntProps { lang, hunt, send } = props;
    html! {
        <div class="hu" data-testid="hunt" data-stage={stage_name(&hunt.stage)}>
            <div class="hu-ask">
                <div class="hu-line">{ question(*lang, hunt, send) }</div>
                <div class="hu-line hu-faults" role="group" aria-label={tr(*lang, "hunt.faults")}>
                    { faults(*lang, hunt, send) }
                </div>
            </div>
            <div class="hu-answer" role="status">{ answer(*lang, hunt, send) }</div>
        </div>
    }
}

const fn stage_name(stage: &Stage) -> &'static str {
    match stage {
        Stage::Idle => "idle",
        Stage::Starting => "starting",
        Stage::Searching { .. } => "searching",
        Stage::Shrinking { .. } => "shrinking",
        Stage::Found(_) => "found",
        Stage::Stopped { .. } => "stopped",
        Stage::Failed(_) => "failed",
    }
}

fn select(id: &str, label: String, disabled: bool, onchange: Callback<Event>, options: Html) -> Html {
    html! {
        <label class="hu-field"><span>{ label }</span>
            <select class="field" data-testid={format!("hunt-{id}")} {disabled} {onchange}>{ options }</select>
        </label>
    }
}

fn question(lang: Lang, hunt: &Hunt, send: &Send) -> Html {
    let (wanted, busy) = (&hunt.wanted, hunt.is_running());
    let modes = Mode::ALL
        .map(|mode| option(mode.name(), tr(lang, &format!("mode.{}", mode.name())), mode == wanted.mode));
    let on_mode = send.on_change(|name| HuntMsg::Mode(Mode::parse(&name).unwrap_or_default()));
    let releases = releases_of(wanted.mode)
        .into_iter()
        .map(|release| option(release.name(), release.name().to_owned(), release == wanted.release));
    let acks = [("all", Acks::All), ("1", Acks::One), ("0", Acks::Zero)];
    let min_isr = MIN_ISR.map(|n| option(&n.to_string(), n.to_string(), n == wanted.min_isr));
    let unclean = ["false", "true"].map(|on| option(on, on.to_owned(), (on == "true") == wanted.unclean));
    let switches = SWITCHES.iter().map(|switch| {
        let chosen = wanted.switch.as_ref().is_some_and(|(name, _)| name == switch.name);
        option(switch.name, format!("{} ({})", switch.name, switch.source), chosen)
    });
    let none = option("", tr(lang, "hunt.switch.none"), wanted.switch.is_none());
    let on_release = send.on_change(|name| HuntMsg::Release(Release::parse(&name).unwrap_or_default()));
    let on_acks = send.on_change(move |name| {
        HuntMsg::Acks(acks.iter().find(|(known, _)| *known == name).map_or(Acks::All, |(_, acks)| *acks))
    });
    let on_min_isr = send.on_change(|n| HuntMsg::MinIsr(n.parse().unwrap_or(1)));
    let on_unclean = send.on_change(|on| HuntMsg::Unclean(on == "true"));
    html! {
        <>
            { select("mode", tr(lang, "mode"), busy, on_mode, modes.into_iter().collect()) }
            { select("release", tr(lang, "header.release"), busy, on_release, releases.collect()) }
            { select("acks", "acks".to_owned(), busy, on_acks, acks.map(|(name, value)| {
                option(name, name.to_owned(), value == wanted.acks)
            }).into_iter().collect()) }
            { select("min-isr", "min.insync.replicas".to_owned(), busy, on_min_isr, min_isr.into_iter().collect()) }
            { select("unclean", "unclean.leader.election.enable".to_owned(), busy, on_unclean, unclean.into_iter().collect()) }
            { select("switch", tr(lang, "hunt.switch"), busy, send.on_change(HuntMsg::Switch), [none].into_iter().chain(switches).collect()) }
        </>
    }
}

fn option(value: &str, text: String, selected: bool) -> Html {
    html! { <option key={value.to_owned()} value={value.to_owned()} {selected}>{ text }</option> }
}

fn faults(lang: Lang, hunt: &Hunt, send: &Send) -> Html {
    let disabled = hunt.is_running();
    let chip = |fault: &Fault| {
        let name = fault.name();
        let pressed = hunt.wanted.faults.iter().any(|known| known == name);
        html! {
            <button key={name} class="button chip" data-testid={format!("hunt-fault-{name}")} {disabled}
                aria-pressed={pressed.to_string()} title={tr(lang, &format!("fault.{name}.what"))}
                onclick={send.on_click(HuntMsg::Fault(*fault))}>{ tr(lang, &format!("fault.{name}")) }</button>
        }
    };
    html! {
        <>
            <button class="button" data-testid="hunt-faults-all" {disabled} onclick={send.on_click(HuntMsg::Faults(true))}>
                { tr(lang, "hunt.faults.all") }</button>
            <button class="button" data-testid="hunt-faults-none" {disabled} onclick={send.on_click(HuntMsg::Faults(false))}>
                { tr(lang, "hunt.faults.none") }</button>
            { for Fault::ALL.iter().map(chip) }
        </>
    }
}

fn answer(lang: Lang, hunt: &Hunt, send: &Send) -> Html {
    let button = if hunt.is_running() {
        html! {
            <button class="button" data-testid="hunt-stop" onclick={send.on_click(HuntMsg::Stop)}>{ tr(lang, "hunt.stop") }</button>
        }
    } else {
        html! {
            <button class="button primary" data-testid="hunt-start" onclick={send.on_click(HuntMsg::Start)}>
                { tr(lang, if hunt.wanted.seed > 1 { "hunt.again" } else { "hunt.start" }) }</button>
        }
    };
    html! { <>{ button }<div class="hu-words" data-testid="hunt-words">{ words(lang, &hunt.stage, send) }</div></> }
}

fn words(lang: Lang, stage: &Stage, send: &Send) -> Html {
    let say = |key: &str, args: &[(&str, String)]| html! { <p>{ t(lang, key, args) }</p> };
    match stage {
        Stage::Idle => say("hunt.idle", &[]),
        Stage::Starting => say("hunt.starting", &[]),
        Stage::Searching { seeds, events, rate } => {
            let rate = format!("{:.2}", rate / 1e6);
            let args =
                [("seeds", super::grouped(*seeds)), ("events", super::grouped(*events)), ("rate", rate)];
            html! { <>{ say("hunt.searching", &args) }<progress class="hu-bar" aria-label={tr(lang, "dock.hunt")} /></> }
        }
        Stage::Shrinking { rule, left, tried } => say(
            "hunt.shrinking",
            &[
                ("rule", format!("{rule} {}", promise(lang, rule, "name"))),
                ("left", left.to_string()),
                ("tried", tried.to_string()),
            ],
        ),
        Stage::Found(finding) => found(lang, finding, send),
        Stage::Stopped { seeds, events } => {
            say("hunt.stopped", &[("seeds", super::grouped(*seeds)), ("events", super::grouped(*events))])
        }
        Stage::Failed(why) => say("hunt.failed", &[("what", why.clone())]),
    }
}

fn found(lang: Lang, finding: &Finding, send: &Send) -> Html {
    let headline = if finding.excuse.is_some() { "hunt.found.loss" } else { "hunt.found" };
    let args = [
        ("rule", finding.rule.clone()),
        ("name", promise(lang, &finding.rule, "name")),
        ("seeds", super::grouped(finding.seeds)),
        ("steps", finding.steps.to_string()),
        ("event", finding.event.to_string()),
    ];
    html! {
        <>
            <p><strong>{ t(lang, headline, &args) }</strong></p>
            <p data-testid="hunt-statement">{ promise(lang, &finding.rule, "statement") }</p>
            { for finding.excuse.iter().map(|why| html! {
                <p data-testid="hunt-excuse">{ tr(lang, &format!("hunt.excuse.{why}")) }</p>
            }) }
            <p class="note">{ t(lang, "hunt.found.how", &args) }{ " " }
                <button class="ck-link" data-testid="hunt-open" onclick={send.on_click(HuntMsg::Open)}>{ tr(lang, "hunt.open") }</button>
            </p>
        </>
    }
}

/// Name or statement of a promise: a row of the table of checks, or a goal that a healed cluster must reach.
fn promise(lang: Lang, rule: &str, what: &str) -> String {
    let key = format!("check.{rule}.{what}");
    if lang.has(&key) { tr(lang, &key) } else { tr(lang, &format!("goal.{rule}.{what}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_words_in_every_language() {
        let keys = Fault::ALL
            .iter()
            .flat_map(|fault| [format!("fault.{}", fault.name()), format!("fault.{}.what", fault.name())]);
        let missing: Vec<String> = keys.filter(|key| !Lang::ALL.iter().all(|lang| lang.has(key))).collect();
        assert_eq!(missing, Vec::<String>::new());
    }
}
