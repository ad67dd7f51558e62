//! One line of the inspector: a name, a value, and how good it is.

use super::Desk;

/// How a value is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// It just is.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Something is wrong or missing.
    Bad,
    /// It leads.
    Lead,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) tone: Tone,
}

/// Collects lines; names are keys below `inspector.`.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    desk: &'a Desk<'a>,
    list: Vec<Fact>,
}

impl<'a> Facts<'a> {
    pub(super) const fn new(desk: &'a Desk<'a>) -> Facts<'a> {
        Facts { desk, list: Vec::new() }
    }

    /// A line.
    pub(super) fn add(&mut self, key: &str, value: impl ToString) -> &mut Self {
        self.tone(key, value, Tone::Plain)
    }

    /// A line with a tone.
    pub(super) fn tone(&mut self, key: &str, value: impl ToString, tone: Tone) -> &mut Self {
        self.list.push(Fact { name: self.desk.say(key), value: value.to_string(), tone });
        self
    }

    /// `yes` or `no`; `good` says which of the two is as it should be.
    pub(super) fn flag(&mut self, key: &str, value: bool, good: bool) -> &mut Self {
        let word = self.desk.say(if value { "yes" } else { "no" });
        self.tone(key, word, if value == good { Tone::Good } else { Tone::Bad })
    }

    /// A line only when there is something to say.
    pub(super) fn some(&mut self, key: &str, value: Option<impl ToString>) -> &mut Self {
        if let Some(value) = value {
            self.add(key, value);
        }
        self
    }

    pub(super) fn done(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.list)
    }
}
