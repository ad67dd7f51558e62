//! Every claim is played, and says the same in both languages.

use kraftscope_tutorials::{CLAIMS, Claim, ClaimRun, Language, MARK, claims};

fn all(language: Language) -> Vec<Claim> {
    claims(language).unwrap_or_else(|error| panic!("{language:?}: {error}")).1
}

/// What must be the same in both languages: everything but the words.
fn skeleton(claim: &Claim) -> String {
    let runs: Vec<&str> = claim.runs.iter().map(|run| run.name.as_str()).collect();
    format!("{} {:?} {runs:?}", claim.number, claim.verdict)
}

#[test]
fn every_run_shows_what_its_file_says() {
    for run in CLAIMS {
        run.check().unwrap_or_else(|differs| panic!("{}: {differs}", run.name));
    }
}

#[test]
fn every_claim_says_the_same_in_both_languages() {
    let bones = |language| all(language).iter().map(skeleton).collect::<Vec<_>>();
    assert_eq!(bones(Language::English), bones(Language::Chinese));
}

#[test]
fn the_claims_are_numbered_without_a_gap() {
    let numbers: Vec<u32> = all(Language::English).iter().map(|claim| claim.number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<u32>>());
}

#[test]
fn every_claim_has_its_reasons_and_a_run_with_something_to_look_at() {
    for claim in all(Language::English).iter().chain(&all(Language::Chinese)) {
        assert!(!claim.said.is_empty() && !claim.why.is_empty(), "claim {}", claim.number);
        assert!(!claim.runs.is_empty(), "claim {} has no run", claim.number);
        assert!(
            claim.runs.iter().all(|run| !run.look.is_empty() && !run.title.is_empty()),
            "{}",
            claim.number
        );
    }
}

#[test]
fn every_run_belongs_to_a_claim_and_names_its_number() {
    let shown: Vec<String> = all(Language::English)
        .iter()
        .flat_map(|claim| claim.runs.iter().map(|run| format!("{:02} {}", claim.number, run.name)))
        .collect();
    let files: Vec<String> = CLAIMS.iter().map(|run| format!("{} {}", &run.name[..2], run.name)).collect();
    assert_eq!(shown.iter().collect::<std::collections::BTreeSet<_>>(), files.iter().collect());
}

#[test]
fn every_run_opens_at_its_mark_with_the_rest_still_to_come() {
    for run in CLAIMS {
        assert_eq!(run.text.lines().filter(|line| *line == MARK).count(), 1, "{}", run.name);
        let history = run.history().unwrap_or_else(|error| panic!("{}: {error}", run.name));
        assert!(history.event().0 > 0, "{} opens at the beginning", run.name);
        assert!(history.end() >= history.event(), "{}", run.name);
    }
}

#[test]
fn a_run_that_is_not_there_is_refused() {
    assert_eq!(ClaimRun::named("21-nothing"), None);
}
