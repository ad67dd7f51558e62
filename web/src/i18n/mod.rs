//! The page's words: two flat maps from key to text, English and Chinese.
//!
//! A text may hold placeholders: `{name}` is replaced by the argument of that name; `{n|one|other}` and
//! `{n|zero|one|other}` choose a form by the number that the argument begins with, and `#` in the form is the
//! argument. Both files must hold the same keys with the same placeholders; a test checks it.

pub mod doings;
pub mod sentence;
pub mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese; Kafka's terms stay.
    Zh,
}

type Texts = BTreeMap<String, String>;

static EN: LazyLock<Texts> = LazyLock::new(|| parse(include_str!("en.json")));
static ZH: LazyLock<Texts> = LazyLock::new(|| parse(include_str!("zh.json")));

fn parse(json: &str) -> Texts {
    serde_json::from_str(json).expect("the language files are flat maps of text, a test checks it")
}

impl Lang {
    /// All of them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// Its tag in HTML: `en`, `zh`.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// The language for a browser's tag such as `zh-CN`; English for all others.
    pub fn of_tag(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("zh") { Lang::Zh } else { Lang::En }
    }

    fn texts(self) -> &'static Texts {
        match self {
            Lang::En => &EN,
            Lang::Zh => &ZH,
        }
    }

    /// Whether there is a text under this key.
    pub fn has(self, key: &str) -> bool {
        self.texts().contains_key(key)
    }
}

/// The text under `key` with its placeholders filled; the key itself when there is none.
pub fn t(lang: Lang, key: &str, args: &[(&str, String)]) -> String {
    match lang.texts().get(key) {
        Some(text) => fill(text, args),
        None => key.to_owned(),
    }
}

/// The text under `key`, which has no placeholders.
pub fn tr(lang: Lang, key: &str) -> String {
    t(lang, key, &[])
}

fn fill(text: &str, args: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((hole, next)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        let mut parts = hole.split('|');
        let name = parts.next().unwrap_or_default();
        let value = args.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str());
        let forms: Vec<&str> = parts.collect();
        match form(value, &forms) {
            Some(form) => out.push_str(&form.replace('#', value)),
            None => out.push_str(value),
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

/// Chooses among one/other or zero/one/other.
fn form<'a>(value: &str, forms: &[&'a str]) -> Option<&'a str> {
    let digits: String = value.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let number: f64 = digits.parse().unwrap_or(2.0);
    let is = |n: f64| (number - n).abs() < f64::EPSILON;
    match forms {
        [] => None,
        [one, other] => Some(if is(1.0) { one } else { other }),
        [zero, one, other, ..] => Some(if is(0.0) {
            zero
        } else if is(1.0) {
            one
        } else {
            other
        }),
        [only] => Some(only),
    }
}

/// The same sentence with a capital letter in front.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests;
