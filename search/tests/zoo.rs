//! Random search finds the bugs of the past within the number of seeds that is recorded for each.
//!
//! Those that take long are left to `kraftscope zoo`, which looks for all.

use kraftscope_core::release::Release;
use kraftscope_search::zoo::{BUGS, Bug, Reach};

/// Seeds up to which a bug is looked for here.
const FEW: u64 = 100;

/// Of the bugs of this part that few seeds should show, those that they do not show.
fn missed(part: usize) -> Vec<&'static str> {
    let few = |bug: &&Bug| matches!(bug.reach, Reach::Seeds(seeds) if seeds <= FEW);
    let missed = |bug: &&Bug| matches!(bug.search(0, FEW), Ok(None) | Err(_));
    let mine = BUGS.iter().filter(few).enumerate().filter(|(place, _)| place % 2 == part).map(|(_, bug)| bug);
    mine.filter(missed).map(|bug| bug.name).collect()
}

/// Source: every entry names its Kafka issue or KIP.
#[test]
fn bugs_that_few_seeds_show_are_found_first_half() {
    assert_eq!(missed(0), [""; 0]);
}

/// Source: every entry names its Kafka issue or KIP.
#[test]
fn bugs_that_few_seeds_show_are_found_second_half() {
    assert_eq!(missed(1), [""; 0]);
}

/// A bug is what its release and its switches bring: without them its own ground shows nothing of it.
/// Source: 4.2 has none of the bugs.
#[test]
fn the_same_seeds_show_nothing_in_the_release_without_the_bugs() {
    let sound = |bug: &Bug| Bug { release: Release::default(), switches: &[], ..*bug };
    let few = BUGS.iter().filter(|bug| matches!(bug.reach, Reach::Seeds(seeds) if seeds <= 20));
    let shown = few.filter(|bug| sound(bug).search(0, 5) != Ok(None));
    assert_eq!(shown.map(|bug| bug.name).collect::<Vec<_>>(), [""; 0]);
}

/// Whoever is not looked for has a reason, and whoever is has a promise by which it shows.
#[test]
fn every_bug_has_a_promise_or_a_reason() {
    let explained = |bug: &Bug| match bug.reach {
        Reach::Seeds(seeds) => seeds > 0 && !bug.promises.is_empty(),
        Reach::Not(reason) => !reason.is_empty(),
    };
    assert!(BUGS.iter().all(explained));
}
