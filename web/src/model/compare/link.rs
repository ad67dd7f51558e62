//! A comparison as a text, and so as a link, a file, and what the browser keeps: the script with a comment on top that
//! says what is compared and where the cursor stands. Without the page it is a script like any other.

use super::Compare;
use kraftscope_core::scenario::print_genesis;
use kraftscope_core::scenario::words::{show_span, time};
use kraftscope_core::time::{Span, Time};

const AT: &str = "# at ";

/// The text of a comparison whose cursor stands at `now`.
pub(super) fn text(compare: &Compare, now: Time) -> String {
    let script = &compare.script;
    let genesis = print_genesis(&script.base);
    format!("# {}\n{AT}{}\n{genesis}----\n{}", compare.differ, show_span(Span(now.0)), script.lines())
}

/// Where the cursor stood.
pub(super) fn cursor(text: &str) -> Option<Time> {
    text.lines().find_map(|line| line.strip_prefix(AT)).and_then(|moment| time(moment.trim()).ok())
}
