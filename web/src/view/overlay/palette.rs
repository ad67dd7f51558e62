//! The command palette: everything that the page can do, found by a few letters; and any line of scenario text.

use super::super::props::Send;
use crate::conditions;
use crate::i18n::words::Words;
use crate::i18n::{Lang, t, tr};
use crate::keys::HELP;
use crate::menu;
use crate::model::lesson::titles;
use crate::model::{
    ActMsg, CompareMsg, LessonMsg, Model, Msg, Overlay, PageMsg, RunMsg, Tab, Theme, TimeMsg,
};
use crate::platform::dom;
use crate::select::Selection;
use kraftscope_core::mode::Mode;
use yew::prelude::*;

/// Lines that are shown at most.
const SHOWN: usize = 12;

/// Words that people type for what is called otherwise here.
const ALSO: &[(&str, &[&str])] = &[
    ("stop", &["crash", "shut", "pause"]),
    ("kill", &["crash"]),
    ("isolate", &["cut"]),
    ("restart", &["start"]),
];

/// One command.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it says.
    pub text: String,
    /// What it does.
    pub msg: Msg,
}

fn entry(text: String, msg: impl Into<Msg>) -> Entry {
    Entry { text, msg: msg.into() }
}

/// Everything that the page can do now.
pub fn entries(model: &Model) -> Vec<Entry> {
    let lang = model.lang;
    let say = |key: &str, msg: Msg| Entry { text: tr(lang, key), msg };
    let mut all = vec![
        say("keys.play", TimeMsg::Toggle.into()),
        say("keys.forward", TimeMsg::Forward.into()),
        say("keys.back", TimeMsg::Back.into()),
        say("keys.notable", TimeMsg::ForwardNotable.into()),
        say("transport.to-start", TimeMsg::ToStart.into()),
        say("keys.undo", ActMsg::Undo.into()),
        say("keys.present", PageMsg::TogglePresent.into()),
        say("keys.help", PageMsg::Open(Overlay::Help).into()),
        say("claims.title", PageMsg::Open(Overlay::Claims).into()),
        say("compare.open", CompareMsg::Toggle.into()),
        say("header.share", RunMsg::Share.into()),
        say("share.export", RunMsg::Export.into()),
        say("share.import", RunMsg::Import.into()),
        say("left.luck", RunMsg::Luck.into()),
        say("left.fresh", RunMsg::Fresh.into()),
        say("header.left", PageMsg::ToggleLeft.into()),
    ];
    all.extend(Mode::ALL.map(|mode| {
        let name = tr(lang, &format!("mode.{}", mode.name()));
        entry(t(lang, "palette.mode", &[("mode", name)]), RunMsg::Mode(mode))
    }));
    all.extend(Tab::ALL.map(|tab| say(&format!("dock.{}", tab.name()), PageMsg::ShowTab(tab).into())));
    all.extend(Lang::ALL.map(|other| entry(tr(other, "header.language.own"), PageMsg::SetLang(other))));
    all.extend(Theme::ALL.map(|theme| {
        let name = tr(lang, &format!("header.theme.{}", theme.name()));
        entry(format!("{}: {name}", tr(lang, "header.theme")), PageMsg::SetTheme(theme))
    }));
    all.extend(conditions::of(model.session.genesis().mode).into_iter().map(|(name, _)| {
        let what = tr(lang, &format!("until.{}", name.replace(' ', "-")));
        entry(t(lang, "palette.until", &[("what", what)]), TimeMsg::Until(name.to_owned()))
    }));
    all.extend(titles(lang).into_iter().map(|(name, title)| {
        entry(t(lang, "palette.lesson", &[("title", title)]), LessonMsg::Open(name.to_owned()))
    }));
    model.words(|words| all.extend(deeds(model, words)));
    all
}

/// What can be done to every process and every partition.
fn deeds(model: &Model, words: &Words<'_>) -> Vec<Entry> {
    let view = model.session.view();
    let nodes = view.brokers.iter().map(|broker| broker.id);
    let nodes = nodes.chain(view.controllers.iter().map(|controller| controller.id));
    let nodes = nodes.chain(view.zookeepers.iter().map(|member| member.id));
    let nodes = nodes.chain(view.producers.iter().map(|producer| producer.id));
    let nodes = nodes.chain(view.consumers.iter().map(|consumer| consumer.id));
    let partitions = view.partitions.iter().map(|found| Selection::Partition(found.partition));
    let mut all: Vec<Entry> = Vec::new();
    let targets = nodes.map(Selection::Node).chain(partitions);
    let items = targets.map(|target| menu::items(target, &view, words)).chain([menu::of_world(&view)]);
    for items in items {
        for item in items {
            let text = t(words.lang, &format!("do.{}", item.name), &item.args);
            if !all.iter().any(|known| known.text == text) {
                all.push(entry(text, ActMsg::Do(item.actions)));
            }
        }
    }
    all
}

/// The entries that hold every word of the query.
fn found(all: &[Entry], query: &str) -> Vec<Entry> {
    let words: Vec<String> = query.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let holds = |entry: &&Entry| {
        let text = entry.text.to_lowercase();
        let meant = |word: &str| {
            let also = ALSO.iter().filter(|(typed, _)| *typed == word).flat_map(|(_, meant)| *meant);
            text.contains(word) || also.into_iter().any(|meant| text.contains(meant))
        };
        words.iter().all(|word| meant(word))
    };
    all.iter().filter(holds).take(SHOWN).cloned().collect()
}

#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct PaletteProps {
    pub(super) lang: Lang,
    pub(super) send: Send,
}

#[component]
pub(super) fn Palette(props: &PaletteProps) -> Html {
    let PaletteProps { lang, send } = props.clone();
    let query = use_state(String::new);
    let chosen = use_state(|| 0_usize);
    let all = use_memo((), |()| entries(&send.store().model()));
    let mut shown = found(&all, &query);
    if send.store().model().session.read(&query).is_ok() {
        shown.insert(
            0,
            entry(t(lang, "palette.line", &[("line", (*query).clone())]), ActMsg::Line((*query).clone())),
        );
    }
    let oninput = {
        let (query, chosen) = (query.clone(), chosen.clone());
        Callback::from(move |event: InputEvent| {
            query.set(dom::typed(&event));
            chosen.set(0);
        })
    };
    let at = (*chosen).min(shown.len().saturating_sub(1));
    let run = {
        let send = send.clone();
        move |entry: Option<&Entry>| {
            if let Some(entry) = entry {
                send.now(PageMsg::Close);
                send.now(entry.msg.clone());
            }
        }
    };
    let onkeydown = {
        let (chosen, shown, run) = (chosen.clone(), shown.clone(), run.clone());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "ArrowDown" => {
                event.prevent_default();
                chosen.set((at + 1).min(shown.len().saturating_sub(1)));
            }
            "ArrowUp" => {
                event.prevent_default();
                chosen.set(at.saturating_sub(1));
            }
            "Enter" => {
                event.prevent_default();
                run(shown.get(at));
            }
            _ => {}
        })
    };
    let lines = shown.iter().enumerate().map(|(i, entry)| {
        let (run, entry) = (run.clone(), entry.clone());
        let text = entry.text.clone();
        html! {
            <li key={i} role="option" aria-selected={(i == at).to_string()} class="palette-item" data-testid="palette-item"
                onclick={Callback::from(move |_| run(Some(&entry)))}>{ text }</li>
        }
    });
    html! {
        <div class="veil" onclick={send.on_click(PageMsg::Close)}>
            <section class="palette" role="dialog" aria-modal="true" aria-label={tr(lang, "header.commands")} data-testid="palette-dialogue"
                onclick={|event: MouseEvent| event.stop_propagation()}>
                <input class="palette-input" id="palette-input" data-testid="palette-input" {oninput} {onkeydown} value={(*query).clone()}
                    role="combobox" aria-expanded="true" aria-controls="palette-list" placeholder={tr(lang, "palette.placeholder")}
                    aria-label={tr(lang, "palette.placeholder")} autocomplete="off" spellcheck="false" />
                <ul class="palette-list" id="palette-list" role="listbox">{ for lines }</ul>
                <p class="note palette-foot">{ keys_of(lang) }</p>
            </section>
        </div>
    }
}

fn keys_of(lang: Lang) -> String {
    let of = |text: &str| HELP.iter().find(|(_, key)| *key == text).map_or("", |(keys, _)| keys);
    format!("{} {} · {} {}", of("keys.until"), tr(lang, "keys.until"), of("keys.help"), tr(lang, "keys.help"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_letters_find_a_command() {
        let model = Model::opening(Lang::En, Theme::Auto);
        let all = entries(&model);
        let texts: Vec<String> = found(&all, "crash BROKER 2").into_iter().map(|entry| entry.text).collect();
        assert_eq!(texts, ["Crash broker 2 (the process dies, its page cache stays)"]);
    }

    #[test]
    fn a_crash_is_found_by_what_people_call_it() {
        let model = Model::opening(Lang::En, Theme::Auto);
        let all = entries(&model);
        for query in ["stop broker 2", "kill broker 2"] {
            assert!(
                found(&all, query).iter().any(|entry| entry.text.starts_with("Crash broker 2")),
                "{query}"
            );
        }
    }

    #[test]
    fn every_command_has_words_in_both_languages() {
        for lang in Lang::ALL {
            let model = Model::opening(lang, Theme::Auto);
            let bare: Vec<String> = entries(&model)
                .into_iter()
                .map(|entry| entry.text)
                .filter(|text| {
                    text.starts_with("do.") || text.contains("until.") || text.starts_with("left.")
                })
                .collect();
            assert_eq!(bare, Vec::<String>::new());
        }
    }
}
