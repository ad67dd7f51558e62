//! Every chapter is played from start to end, in both languages.

use kraftscope_tutorials::{CHAPTERS, Goal, Language, Lesson, Step};

fn lesson(name: &str, language: Language) -> Lesson {
    let chapter = CHAPTERS.iter().find(|chapter| chapter.name == name).expect("a chapter");
    chapter.lesson(language).unwrap_or_else(|error| panic!("{name} {language:?}: {error}"))
}

/// What must be the same in both languages: everything but the words.
fn skeleton(step: &Step) -> String {
    let right: Vec<bool> =
        step.predict.iter().flat_map(|predict| predict.answers.iter().map(|answer| answer.right)).collect();
    let goal = step.goal.as_ref().map(|goal: &Goal| (goal.condition.clone(), goal.solution.clone()));
    format!("{} {:?} {:?} {right:?} {goal:?}", step.genesis, step.focus, step.script)
}

fn play(lesson: &Lesson) {
    let mut history = lesson.history(0).expect("the genesis is valid");
    for (number, step) in lesson.steps.iter().enumerate() {
        if !step.genesis.is_empty() {
            history = lesson.history(number).expect("the genesis is valid");
        }
        Lesson::play(&mut history, &step.script).unwrap_or_else(|error| panic!("{}: {error}", step.title));
        if let Some(goal) = &step.goal {
            assert!(
                !goal.is_reached(&history),
                "{}: the goal is reached before anything is done",
                step.title
            );
            Lesson::play(&mut history, &goal.solution)
                .unwrap_or_else(|error| panic!("{}: {error}", step.title));
            assert!(goal.is_reached(&history), "{}: the solution does not reach the goal", step.title);
        }
    }
    let broken = kraftscope_core::scenario::Count::Broken.of(history.sim());
    assert!(broken == Some(0) || lesson.breaks_a_promise(), "a promise breaks, and no step says so");
}

#[test]
fn every_chapter_says_the_same_in_both_languages() {
    for chapter in CHAPTERS {
        let (english, chinese) =
            (lesson(chapter.name, Language::English), lesson(chapter.name, Language::Chinese));
        assert_eq!(english.genesis, chinese.genesis, "{}", chapter.name);
        let bones = |lesson: &Lesson| lesson.steps.iter().map(skeleton).collect::<Vec<_>>();
        assert_eq!(bones(&english), bones(&chinese), "{}", chapter.name);
    }
}

#[test]
fn every_chapter_asks_and_sets_a_goal() {
    for chapter in CHAPTERS {
        let lesson = lesson(chapter.name, Language::English);
        assert!(lesson.steps.iter().any(|step| step.predict.is_some()), "{} asks nothing", chapter.name);
        assert!(lesson.steps.iter().any(|step| step.goal.is_some()), "{} has no goal", chapter.name);
    }
}

#[test]
fn chapter_1_plays_to_its_end() {
    play(&lesson("01-partition", Language::English));
}

#[test]
fn chapter_2_plays_to_its_end() {
    play(&lesson("02-election", Language::English));
}

#[test]
fn chapter_3_plays_to_its_end() {
    play(&lesson("03-leader-dies", Language::English));
}

#[test]
fn chapter_4_plays_to_its_end() {
    play(&lesson("04-isr", Language::English));
}

#[test]
fn chapter_5_plays_to_its_end() {
    play(&lesson("05-acknowledged-and-lost", Language::English));
}

#[test]
fn chapter_6_plays_to_its_end() {
    play(&lesson("06-epochs-all-the-way-down", Language::English));
}

#[test]
fn chapter_7_plays_to_its_end() {
    play(&lesson("07-last-replica-standing", Language::English));
}

#[test]
fn chapter_8_plays_to_its_end() {
    play(&lesson("08-unclean-election", Language::English));
}

#[test]
fn chapter_9_plays_to_its_end() {
    play(&lesson("09-zombie-leader", Language::English));
}

#[test]
fn chapter_10_plays_to_its_end() {
    play(&lesson("10-zookeeper", Language::English));
}

#[test]
fn chapter_11_plays_to_its_end() {
    play(&lesson("11-zookeeper-to-kraft", Language::English));
}

#[test]
fn chapter_12_plays_to_its_end() {
    play(&lesson("12-why-not-raft-per-partition", Language::English));
}

#[test]
fn chapter_13_plays_to_its_end() {
    play(&lesson("13-zombie-controllers", Language::English));
}

#[test]
fn chapter_14_plays_to_its_end() {
    play(&lesson("14-claims-checked", Language::English));
}
