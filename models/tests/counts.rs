//! How many states the models have, how deep they lie, and how long the shortest counterexamples are.
//!
//! Unless a test says otherwise its numbers were published: by TLC 2.15 on the TLA+ modules, and by a second
//! implementation. "Regression" says that nobody published them: they are what these models give.
use kraftscope_models::async_isr::AsyncIsr;
use kraftscope_models::explore::{Cut, Explorer, Limits, Model};
use kraftscope_models::partition::{LargePartition, MiddlePartition, SmallPartition};
use kraftscope_models::promise::{STRONG, WEAK};
use kraftscope_models::rules::Rules;
use kraftscope_models::spec::{Rule, Size, Spec};

/// States, depth, shortest violation of WeakIsr and of StrongIsr, in states.
type Facts = (u64, u32, Option<u32>, Option<u32>);

fn facts<M: Model>(model: M) -> Facts {
    let search = Explorer::new(model, Limits::default()).run();
    assert_eq!(search.cut(), None);
    let length = |promise| search.finding(promise).map(|finding| finding.length);
    (search.states(), search.depth(), length(WEAK), length(STRONG))
}

const fn size([replicas, log, records, max_epoch]: [u32; 4]) -> Size {
    Size { replicas, log, records, max_epoch }
}

fn published(spec: Spec, sizes: [u32; 4]) -> Facts {
    facts(SmallPartition::new(Rules::of(spec), size(sizes)).expect("a small size"))
}

fn mutant(rule: Rule, sizes: [u32; 4]) -> Facts {
    facts(SmallPartition::new(Rules::of(Spec::Kip320).without(rule), size(sizes)).expect("a small size"))
}

/// Source: KafkaTruncateToHighWatermark.tla, a second implementation (TLC stops at the violation).
#[test]
fn truncating_to_the_high_watermark_loses_records_with_two_replicas() {
    assert_eq!(published(Spec::HighWatermark, [2, 2, 2, 1]), (1_251, 16, Some(9), Some(10)));
    assert_eq!(published(Spec::HighWatermark, [2, 2, 2, 2]), (10_131, 20, Some(9), Some(10)));
}

/// Source: KafkaTruncateToHighWatermark.tla, a second implementation (TLC stops at the violation).
#[test]
fn truncating_to_the_high_watermark_loses_records_with_three_replicas() {
    assert_eq!(published(Spec::HighWatermark, [3, 2, 2, 2]), (1_988_158, 28, Some(9), Some(9)));
}

/// Source: Kip101.tla; the count with epochs up to 2 from a second implementation.
#[test]
fn kip_101_needs_three_epochs_to_lose_a_record() {
    assert_eq!(published(Spec::Kip101, [2, 2, 2, 1]), (1_177, 15, None, None));
    assert_eq!(published(Spec::Kip101, [2, 2, 2, 2]), (9_045, 18, Some(12), Some(12)));
}

/// Source: Kip101.tla, where TLC gives the lengths. States and depth: regression.
#[test]
fn kip_101_loses_records_sooner_with_three_replicas() {
    assert_eq!(published(Spec::Kip101, [3, 2, 2, 2]), (1_613_089, 26, Some(11), Some(11)));
}

/// Source: Kip279.tla.
#[test]
fn kip_279_is_safe_with_two_replicas() {
    assert_eq!(published(Spec::Kip279, [2, 2, 2, 1]), (1_177, 15, None, None));
    assert_eq!(published(Spec::Kip279, [2, 2, 2, 2]), (9_027, 18, None, None));
}

/// Source: Kip279.tla, where TLC gives the lengths. States and depth: regression.
#[test]
fn kip_279_needs_three_replicas_to_lose_a_record() {
    assert_eq!(published(Spec::Kip279, [3, 2, 2, 2]), (1_616_461, 26, Some(11), Some(11)));
}

/// Source: Kip320FirstTry.tla.
#[test]
fn the_first_try_of_kip_320_is_safe_with_two_replicas() {
    assert_eq!(published(Spec::Kip320FirstTry, [2, 2, 2, 1]), (1_165, 15, None, None));
    assert_eq!(published(Spec::Kip320FirstTry, [2, 2, 2, 2]), (8_429, 18, None, None));
}

/// Source: Kip320FirstTry.tla, where TLC gives the lengths. States and depth: regression.
#[test]
fn the_first_try_of_kip_320_breaks_the_weak_promise_before_the_strong_one() {
    assert_eq!(published(Spec::Kip320FirstTry, [3, 2, 2, 2]), (1_437_076, 28, Some(12), Some(13)));
}

/// Source: Kip320.tla.
#[test]
fn kip_320_is_safe_with_two_replicas() {
    assert_eq!(published(Spec::Kip320, [2, 2, 2, 1]), (957, 15, None, None));
    assert_eq!(published(Spec::Kip320, [2, 2, 2, 2]), (5_973, 18, None, None));
}

/// Source: Kip320.tla.
#[test]
fn kip_320_is_safe_with_three_replicas() {
    assert_eq!(published(Spec::Kip320, [3, 2, 2, 2]), (737_794, 26, None, None));
}

/// Source: Kip320.tla, where TLC gives the states. Depth: regression.
#[test]
fn kip_320_is_safe_with_three_records() {
    assert_eq!(published(Spec::Kip320, [3, 3, 3, 2]), (4_093_531, 31, None, None));
}

/// Source: whether a violation exists, TLC. States and depths: regression.
#[test]
fn with_two_replicas_and_four_epochs_only_the_two_oldest_protocols_lose_records() {
    assert_eq!(published(Spec::HighWatermark, [2, 2, 2, 3]), (62_855, 23, Some(9), Some(10)));
    assert_eq!(published(Spec::Kip101, [2, 2, 2, 3]), (53_413, 21, Some(12), Some(12)));
    assert_eq!(published(Spec::Kip279, [2, 2, 2, 3]), (53_099, 21, None, None));
    assert_eq!(published(Spec::Kip320FirstTry, [2, 2, 2, 3]), (46_465, 21, None, None));
    assert_eq!(published(Spec::Kip320, [2, 2, 2, 3]), (28_939, 22, None, None));
}

/// Source: Kip320.tla without rule 1, measured with TLC and a second implementation. Depth: regression.
#[test]
fn without_an_epoch_in_the_fetch_a_zombie_follower_makes_a_stale_leader_look_committed() {
    assert_eq!(mutant(Rule::FetchEpoch, [3, 2, 2, 2]), (863_029, 26, Some(13), None));
}

/// Source: Kip320.tla without rule 3. Regression.
#[test]
fn without_epochs_behind_the_high_watermark_both_promises_break() {
    assert_eq!(mutant(Rule::HwEpoch, [3, 2, 2, 2]), (742_366, 26, Some(13), Some(13)));
}

/// Source: Kip320.tla without rule 4's epoch. Regression.
#[test]
fn without_an_epoch_in_the_expansion_both_promises_break() {
    assert_eq!(mutant(Rule::ExpandEpoch, [3, 2, 2, 2]), (805_201, 26, Some(15), Some(15)));
}

/// Source: KAFKA-7128; Kip320.tla without rule 4, measured. Depth: regression.
#[test]
fn without_the_epoch_start_rule_the_strong_promise_breaks_first() {
    assert_eq!(mutant(Rule::EpochStart, [3, 2, 2, 2]), (901_036, 26, Some(14), Some(12)));
}

/// Source: Kip320.tla with `BecomeFollowerTruncateKip279` (rule 2), measured. Depth: regression.
#[test]
fn without_an_epoch_in_the_truncation_both_promises_break() {
    assert_eq!(mutant(Rule::TruncateEpoch, [3, 2, 2, 2]), (873_256, 26, Some(14), Some(14)));
}

/// Source: measured with TLC.
#[test]
fn no_rule_of_kip_320_is_missed_with_two_replicas() {
    for rule in Rule::ALL {
        let (_, _, weak, strong) = mutant(rule, [2, 2, 2, 3]);
        assert_eq!((weak, strong), (None, None), "{}", rule.name());
    }
}

/// Source: AsyncIsr.tla with offsets up to 2 and versions up to 3.
#[test]
fn the_maximal_isr_keeps_the_high_watermark_valid() {
    assert_eq!(facts(AsyncIsr::new(3, 2, 3).unwrap()), (22_456, 21, None, None));
}

/// Source: AsyncIsr.tla with the high watermark over `isr` alone, measured.
#[test]
fn without_the_pending_isr_the_high_watermark_passes_a_new_member() {
    let search = Explorer::new(AsyncIsr::new(3, 2, 3).unwrap().without_pending(), Limits::default()).run();
    assert_eq!(search.finding(0).unwrap().length, 7);
}

/// Source: the definition; the width of a state must not show.
#[test]
fn a_wider_state_gives_the_same_numbers() {
    let rules = Rules::of(Spec::Kip101);
    let expected = (9_045, 18, Some(12), Some(12));
    assert_eq!(facts(MiddlePartition::new(rules, size([2, 2, 2, 2])).unwrap()), expected);
    assert_eq!(facts(LargePartition::new(rules, size([2, 2, 2, 2])).unwrap()), expected);
}

/// Source: a search that was cut must say so.
#[test]
fn a_search_that_was_cut_short_says_so() {
    let model = SmallPartition::new(Rules::of(Spec::Kip320), size([3, 2, 2, 2])).unwrap();
    let search = Explorer::new(model, Limits { states: 1_000, ..Limits::default() }).run();
    assert_eq!((search.states(), search.cut()), (1_000, Some(Cut::States)));
}
