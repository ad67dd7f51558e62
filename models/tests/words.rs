//! The text of a counterexample.
use expect_test::{Expect, expect};
use kraftscope_models::explore::Limits;
use kraftscope_models::rules::Rules;
use kraftscope_models::run::{Search, Subject};
use kraftscope_models::spec::{Size, Spec};

fn check(subject: Subject, size: Size, promise: usize, expected: Expect) {
    let mut search = Search::new(subject, size, Limits::default()).expect("a size that fits");
    while search.advance(1 << 16) {}
    let steps = &search.verdicts()[promise].steps;
    let lines: Vec<String> = steps.iter().map(|(done, state)| format!("{done}\n  {state}\n")).collect();
    expected.assert_eq(&lines.concat());
}

/// Source: the published shape: a follower re-reads a request and truncates to a high watermark that lags.
#[test]
fn the_lost_record_of_the_high_watermark_is_told_in_words() {
    let size = Size { replicas: 2, log: 2, records: 2, max_epoch: 1 };
    check(
        Subject::Partition(Rules::of(Spec::HighWatermark)),
        size,
        0,
        expect![[r#"
        the start
          quorum e- - {01} | 0:- e- {} hw0 [] | 1:- e- {} hw0 []
        the controller elects 0
          quorum e0 0 {01} | 0:- e- {} hw0 [] | 1:- e- {} hw0 []
        the controller takes 1 for failed: out of the ISR, out of office
          quorum e1 0 {0} | 0:- e- {} hw0 [] | 1:- e- {} hw0 []
        1 follows 0 in epoch 0, its log ends at 0
          quorum e1 0 {0} | 0:- e- {} hw0 [] | 1:F0 e0 {01} hw0 []
        0 takes office as leader of epoch 0
          quorum e1 0 {0} | 0:L e0 {01} hw0 [] | 1:F0 e0 {01} hw0 []
        0 takes a record from a producer
          quorum e1 0 {0} | 0:L e0 {01} hw0 [a0] | 1:F0 e0 {01} hw0 []
        1 fetches a record from 0
          quorum e1 0 {0} | 0:L e0 {01} hw0 [a0] | 1:F0 e0 {01} hw0 [a0]
        leader 0 advances its high watermark
          quorum e1 0 {0} | 0:L e0 {01} hw1 [a0] | 1:F0 e0 {01} hw0 [a0]
        1 follows 0 in epoch 1, its log ends at 0
          quorum e1 0 {0} | 0:L e0 {01} hw1 [a0] | 1:F0 e1 {0} hw0 []
    "#]],
    );
}

/// Source: the published shape: the leader advances without the replica that it asked for.
#[test]
fn the_hole_without_a_pending_isr_is_told_in_words() {
    let size = Size { replicas: 3, log: 2, records: 1, max_epoch: 3 };
    check(
        Subject::AsyncIsr { pending_counts: false },
        size,
        0,
        expect![[r#"
        the start
          controller v0 {012} | leader v0 {012} +{} | ends 0 0 0
        the controller takes 1 out of the ISR
          controller v1 {02} | leader v0 {012} +{} | ends 0 0 0
        the controller takes 2 out of the ISR
          controller v2 {0} | leader v0 {012} +{} | ends 0 0 0
        the leader hears of version 2
          controller v2 {0} | leader v2 {0} +{} | ends 0 0 0
        the leader asks to take in 1
          controller v2 {0} | leader v2 {0} +{01} | ends 0 0 0
        the controller grants the ISR {01}
          controller v3 {01} | leader v2 {0} +{01} | ends 0 0 0
        the leader appends a record
          controller v3 {01} | leader v2 {0} +{01} | ends 1 0 0
    "#]],
    );
}

/// Source: absurd sizes must be refused in words.
#[test]
fn a_size_beyond_all_states_is_refused_in_words() {
    let size = Size { replicas: 9, log: 2, records: 2, max_epoch: 1 };
    let refused = Search::new(Subject::Partition(Rules::of(Spec::Kip320)), size, Limits::default());
    assert_eq!(refused.err().unwrap(), "replicas must be 1 to 8, and 9 is not");
}
