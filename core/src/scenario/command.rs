//! One command of a part: its verb, its arguments, and the usage line that both are checked against.
//!
//! A usage line is the whole grammar of a command: `VALUE` is a positional argument, `key=VALUE` a named one,
//! `word` a flag; brackets make an argument optional, `...` lets it repeat. What does not fit is refused before
//! an interpreter sees it, with the usage line in the message.

use super::words;
use crate::id::{NODE_LIST_CAPACITY, NodeId, NodeList};
use crate::time::Span;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A command that an interpreter knows.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// Its name and arguments, as the reference writes them.
    pub usage: &'static str,
    /// What it does and prints, in one sentence.
    pub about: &'static str,
}

impl Verb {
    /// The first word of the usage line.
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or_default()
    }

    fn arguments(&self) -> impl Iterator<Item = Argument> {
        self.usage.split(' ').skip(1).filter(|word| !word.is_empty()).map(Argument::of)
    }
}

/// One word of a usage line.
struct Argument {
    /// The key of `key=VALUE`, the word of a flag, the name of a positional argument.
    name: &'static str,
    kind: ArgumentKind,
    optional: bool,
    repeats: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ArgumentKind {
    Positional,
    Named,
    Flag,
}

impl Argument {
    fn of(word: &'static str) -> Argument {
        let optional = word.starts_with('[');
        let bare = word.trim_start_matches('[').trim_end_matches(']');
        let repeats = bare.ends_with("...");
        let bare = bare.trim_end_matches("...");
        let (name, kind) = match bare.split_once('=') {
            Some((name, _)) => (name, ArgumentKind::Named),
            None if bare.starts_with(|c: char| c.is_ascii_lowercase()) => (bare, ArgumentKind::Flag),
            None => (bare, ArgumentKind::Positional),
        };
        Argument { name, kind, optional, repeats }
    }
}

/// A command as a file has it.
#[derive(Clone, Debug)]
pub struct Command<'a> {
    /// Number of its first line.
    pub line: u32,
    /// All of it, without comments; continuation lines are joined with a space.
    pub text: &'a str,
    /// The first word.
    pub verb: &'a str,
    positional: Vec<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Command<'a> {
    /// Takes a line apart. A value in double quotes may hold spaces.
    pub fn parse(line: u32, text: &'a str) -> Result<Command<'a>, String> {
        let mut tokens = tokens(text)?.into_iter();
        let verb = match tokens.next() {
            Some(Token { key: None, value, .. }) => value,
            _ => return Err(format!("'{text}' begins with no command")),
        };
        let mut command = Command { line, text, verb, positional: Vec::new(), named: Vec::new() };
        for token in tokens {
            match token.key {
                None => command.positional.push(token.value),
                Some(key) => command.named.push((key, token.value)),
            }
        }
        Ok(command)
    }

    /// A line that its interpreter reads by itself.
    pub fn verbatim(line: u32, text: &'a str) -> Command<'a> {
        let verb = text.split_whitespace().next().unwrap_or_default();
        Command { line, text, verb, positional: Vec::new(), named: Vec::new() }
    }

    /// Checks the arguments against the usage line of its verb among `verbs`.
    pub fn fits(&self, verbs: &[Verb]) -> Result<(), String> {
        let Some(verb) = verbs.iter().find(|verb| verb.name() == self.verb) else {
            let known: Vec<&str> = verbs.iter().map(Verb::name).collect();
            return Err(format!("'{}' is no command here: write one of {}", self.verb, known.join(", ")));
        };
        self.fit(verb).map_err(|what| format!("{what}; write: {}", verb.usage))
    }

    fn fit(&self, verb: &Verb) -> Result<(), String> {
        let arguments: Vec<Argument> = verb.arguments().collect();
        let of = |kind| arguments.iter().filter(move |argument| argument.kind == kind);
        for (number, (key, _)) in self.named.iter().enumerate() {
            let Some(argument) = of(ArgumentKind::Named).find(|argument| argument.name == *key) else {
                return Err(format!("'{key}' is no argument of '{}'", self.verb));
            };
            if !argument.repeats && self.named[..number].iter().any(|(before, _)| before == key) {
                return Err(format!("'{key}' is given twice"));
            }
        }
        if let Some(missing) = of(ArgumentKind::Named)
            .find(|argument| !argument.optional && self.named.iter().all(|(key, _)| *key != argument.name))
        {
            return Err(format!("'{}=' is missing", missing.name));
        }
        let flags: Vec<&str> = of(ArgumentKind::Flag).flat_map(|argument| argument.name.split('|')).collect();
        let plain: Vec<&&str> = self.positional.iter().filter(|word| !flags.contains(word)).collect();
        let wanted = of(ArgumentKind::Positional).filter(|argument| !argument.optional).count();
        let repeats = of(ArgumentKind::Positional).any(|argument| argument.repeats);
        if plain.len() < wanted {
            let missing = of(ArgumentKind::Positional).nth(plain.len()).map_or("", |argument| argument.name);
            return Err(format!("{missing} is missing"));
        }
        let most = if repeats { plain.len() } else { of(ArgumentKind::Positional).count() };
        match plain.get(most) {
            Some(extra) => Err(format!("'{extra}' is too much")),
            None => Ok(()),
        }
    }

    /// Positional argument number `index`, from 0; flags count, so put them last.
    pub fn at(&self, index: usize) -> Option<&'a str> {
        self.positional.get(index).copied()
    }

    /// All positional arguments.
    pub fn positional(&self) -> &[&'a str] {
        &self.positional
    }

    /// Whether this flag stands there.
    pub fn has(&self, flag: &str) -> bool {
        self.positional.contains(&flag)
    }

    /// The value of a named argument.
    pub fn value(&self, key: &str) -> Option<&'a str> {
        self.values(key).next()
    }

    /// All values of a named argument that may repeat.
    pub fn values(&self, key: &str) -> impl Iterator<Item = &'a str> {
        self.named.iter().filter(move |(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// Positional argument number `index` through `read`, which says what it expected.
    pub fn read<T>(&self, index: usize, read: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        self.at(index).map_or_else(|| Err(format!("'{}' lacks an argument", self.text)), read)
    }

    /// A named argument through `read`, or `None` when it is not there.
    pub fn maybe<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        self.value(key).map(|value| read(value).map_err(|what| format!("{key}={value}: {what}"))).transpose()
    }

    /// A named argument through `read`, or `default` when it is not there.
    pub fn or<T>(
        &self,
        key: &str,
        default: T,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        Ok(self.maybe(key, read)?.unwrap_or(default))
    }

    /// A named argument that must be there.
    pub fn need<T>(&self, key: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, String> {
        self.maybe(key, read)?.ok_or_else(|| format!("'{key}=' is missing"))
    }
}

struct Token<'a> {
    key: Option<&'a str>,
    value: &'a str,
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = token(rest)?;
        found.push(token);
        rest = after.trim_start();
    }
    Ok(found)
}

fn token(text: &str) -> Result<(Token<'_>, &str), String> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let quote = text[..end].find('"');
    let equals = text[..end].find('=').filter(|&at| quote.is_none_or(|quote| at < quote));
    let key = equals.map(|at| &text[..at]);
    let value = equals.map_or(text, |at| &text[at + 1..]);
    let Some(inside) = value.strip_prefix('"') else {
        let end = value.find(char::is_whitespace).unwrap_or(value.len());
        return Ok((Token { key, value: &value[..end] }, &value[end..]));
    };
    let Some(close) = inside.find('"') else { return Err(format!("'{text}' lacks its closing quote")) };
    Ok((Token { key, value: &inside[..close] }, &inside[close + 1..]))
}

/// A number that no text may exceed, so that a hostile one cannot fill the memory.
pub fn at_most(most: u64) -> impl Fn(&str) -> Result<u64, String> {
    move |text| match words::number::<u64>(text)? {
        number if number <= most => Ok(number),
        _ => Err(format!("'{text}' is too large: write at most {most}")),
    }
}

/// An offset or another number that Kafka keeps in a `long`; bounded so that counting on from it never ends.
pub fn number(text: &str) -> Result<u64, String> {
    at_most(1 << 53)(text)
}

/// An epoch or another number that Kafka keeps in an `int`; bounded so that the next one exists.
pub fn small(text: &str) -> Result<u32, String> {
    at_most(i32::MAX as u64)(text).map(|number| number as u32)
}

/// `on` or `off`, `true` or `false`, `yes` or `no`.
pub fn truth(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" | "yes" => Ok(true),
        "off" | "false" | "no" => Ok(false),
        _ => Err(format!("'{text}': write on or off")),
    }
}

/// A length of time.
pub fn span(text: &str) -> Result<Span, String> {
    words::span(text)
}

/// One of these words, as what stands beside it.
pub fn one_of<T: Copy>(choices: &[(&'static str, T)]) -> impl Fn(&str) -> Result<T, String> {
    move |text| {
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let known: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            format!("'{text}': write one of {}", known.join(", "))
        })
    }
}

/// `none` or `-` for nothing; anything else through `read`.
pub fn or_none<T>(read: impl Fn(&str) -> Result<T, String>) -> impl Fn(&str) -> Result<Option<T>, String> {
    move |text| match text {
        "none" | "-" | "-1" => Ok(None),
        _ => read(text).map(Some),
    }
}

/// A broker by its number. Kafka's tests count brokers from 0, so 0 is allowed here.
pub fn broker(text: &str) -> Result<NodeId, String> {
    let wrong = || format!("'{text}' is no broker: write its number, from 0 to 99");
    let digits = text.strip_prefix("broker-").unwrap_or(text);
    let number: u8 = digits.parse().map_err(|_| wrong())?;
    if number < 100 { Ok(NodeId::broker(number)) } else { Err(wrong()) }
}

/// The parts of `1,2,3` or `[1,2,3]`; `-` and `[]` are empty.
pub fn items(text: &str) -> Vec<&str> {
    let bare = text.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')).unwrap_or(text);
    match bare.trim() {
        "" | "-" | "none" => Vec::new(),
        bare => bare.split(',').map(str::trim).collect(),
    }
}

/// A list, each item through `read`.
pub fn list<T>(read: impl Fn(&str) -> Result<T, String>) -> impl Fn(&str) -> Result<Vec<T>, String> {
    move |text| items(text).into_iter().map(&read).collect()
}

/// A list of brokers without duplicates being removed: what Kafka would be sent.
pub fn brokers(text: &str) -> Result<NodeList, String> {
    let ids = list(broker)(text)?;
    if ids.len() > NODE_LIST_CAPACITY as usize {
        return Err(format!("'{text}' has {} members: write at most {NODE_LIST_CAPACITY}", ids.len()));
    }
    Ok(NodeList::of(&ids))
}

/// A broker's number, or `none`.
pub fn show_broker(id: Option<NodeId>) -> String {
    id.map_or(String::from("none"), |id| id.number().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: &[Verb] = &[
        Verb { usage: "assign epoch=N start=N", about: "" },
        Verb { usage: "hash KEY...", about: "" },
        Verb { usage: "show [what=NAME] [all]", about: "" },
        Verb { usage: "turn on|off", about: "" },
    ];

    fn refused(text: &str) -> String {
        let fits = Command::parse(1, text).and_then(|command| command.fits(VERBS));
        fits.expect_err("is refused")
    }

    #[test]
    fn what_does_not_fit_the_usage_line_is_refused_with_it() {
        assert_eq!(
            refused("explode 3"),
            "'explode' is no command here: write one of assign, hash, show, turn"
        );
        assert_eq!(refused("turn up"), "'up' is too much; write: turn on|off");
        assert_eq!(refused("assign epoch=1"), "'start=' is missing; write: assign epoch=N start=N");
        assert_eq!(
            refused("assign epoch=1 start=2 end=3"),
            "'end' is no argument of 'assign'; write: assign epoch=N start=N"
        );
        assert_eq!(
            refused("assign epoch=1 epoch=2 start=3"),
            "'epoch' is given twice; write: assign epoch=N start=N"
        );
        assert_eq!(refused("hash"), "KEY is missing; write: hash KEY...");
        assert_eq!(refused("show everything"), "'everything' is too much; write: show [what=NAME] [all]");
        assert_eq!(refused("hash \"open"), "'\"open' lacks its closing quote");
        assert_eq!(refused("epoch=1"), "'epoch=1' begins with no command");
    }

    #[test]
    fn arguments_are_positional_named_quoted_or_flags() {
        let command = Command::parse(7, "show what=\"a b\" all").expect("parses");
        assert_eq!(command.fits(VERBS), Ok(()));
        assert_eq!((command.value("what"), command.has("all")), (Some("a b"), true));
        let command = Command::parse(7, "hash a \"\" \"b c=d\"").expect("parses");
        assert_eq!(command.fits(VERBS), Ok(()));
        assert_eq!(command.positional(), ["a", "", "b c=d"]);
    }

    #[test]
    fn a_list_is_bounded_and_may_be_empty() {
        assert_eq!(brokers("[3, 1,2]").map(|list| list.len()), Ok(3));
        assert_eq!(brokers("-").map(|list| list.len()), Ok(0));
        assert!(brokers("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16").is_err());
        assert!(brokers("1,x").is_err() && brokers("100").is_err());
        assert!(at_most(5)("6").is_err() && truth("maybe").is_err());
    }
}
