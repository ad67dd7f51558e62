//! The language files are complete, and placeholders work.

use super::{EN, Lang, ZH, fill, t};

fn holes(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|hole| hole.split_once('}'))
        .map(|(hole, _)| hole.split('|').next().unwrap_or(hole))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn both_languages_have_the_same_keys() {
    let english: Vec<&String> = EN.keys().filter(|key| !ZH.contains_key(*key)).collect();
    let chinese: Vec<&String> = ZH.keys().filter(|key| !EN.contains_key(*key)).collect();
    assert_eq!((english, chinese), (vec![], vec![]), "keys that only one language has");
}

#[test]
fn both_languages_fill_the_same_placeholders() {
    let different: Vec<&String> =
        EN.keys().filter(|key| ZH.get(*key).is_some_and(|zh| holes(zh) != holes(&EN[*key]))).collect();
    assert_eq!(different, Vec::<&String>::new());
}

#[test]
fn no_text_is_empty_or_lacks_a_brace() {
    let broken: Vec<(&String, &String)> = EN
        .iter()
        .chain(ZH.iter())
        .filter(|(_, text)| text.trim().is_empty() || text.matches('{').count() != text.matches('}').count())
        .collect();
    assert_eq!(broken, vec![]);
}

#[test]
fn a_placeholder_is_filled_and_a_form_is_chosen_by_number() {
    let lost = |n: u32| fill("lost {n|nothing|# record|# records}", &[("n", n.to_string())]);
    assert_eq!([lost(0), lost(1), lost(7)], ["lost nothing", "lost 1 record", "lost 7 records"]);
    assert_eq!(fill("{a} and {b}", &[("b", "2".into()), ("a", "1".into())]), "1 and 2");
    assert_eq!(fill("{a", &[]), "{a");
}

#[test]
fn an_unknown_key_shows_itself() {
    assert_eq!(t(Lang::En, "no.such.key", &[]), "no.such.key");
}

#[test]
fn a_chinese_browser_reads_chinese_and_all_others_english() {
    assert_eq!(
        ["zh", "zh-TW", "ZH-cn", "de", ""].map(Lang::of_tag),
        [Lang::Zh, Lang::Zh, Lang::Zh, Lang::En, Lang::En]
    );
}
