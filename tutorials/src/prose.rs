//! Prose as plain data: paragraphs and lists of runs of text. The page turns them into elements.
//!
//! It reads the little of Markdown that lessons use: paragraphs, lists with `- `, `**strong**`, `*stressed*` and
//! `` `code` ``. A whole Markdown library would be a tenth of what the page downloads.

/// A piece of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Plain.
    Text(String),
    /// Important.
    Strong(String),
    /// Stressed.
    Emphasis(String),
    /// A name as it stands in Kafka.
    Code(String),
}

impl Run {
    /// Its text without its style.
    pub fn text(&self) -> &str {
        match self {
            Run::Text(text) | Run::Strong(text) | Run::Emphasis(text) | Run::Code(text) => text,
        }
    }
}

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Run>),
    /// Items of a list.
    List(Vec<Vec<Run>>),
}

/// Reads blocks, which empty lines part. A block whose lines begin with `- ` is a list.
pub(crate) fn read(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for line in markdown.lines().chain([""]) {
        if !line.trim().is_empty() {
            open.push(line.trim());
        } else if !open.is_empty() {
            blocks.push(block(&open));
            open.clear();
        }
    }
    blocks
}

fn block(lines: &[&str]) -> Block {
    if !lines[0].starts_with("- ") {
        return Block::Paragraph(line(&lines.join(" ")));
    }
    let mut items: Vec<String> = Vec::new();
    for text in lines {
        match (text.strip_prefix("- "), items.last_mut()) {
            (Some(item), _) => items.push(item.to_string()),
            (None, Some(last)) => {
                last.push(' ');
                last.push_str(text);
            }
            (None, None) => {}
        }
    }
    Block::List(items.iter().map(|item| line(item)).collect())
}

type Style = fn(String) -> Run;

/// The marks, the longer before the shorter.
const MARKS: [(&str, Style); 3] = [("`", Run::Code), ("**", Run::Strong), ("*", Run::Emphasis)];

/// One line as runs. A mark without its partner is plain text.
pub(crate) fn line(markdown: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut plain = String::new();
    let mut rest = markdown;
    while let Some(first) = rest.chars().next() {
        let marked = MARKS.iter().find_map(|(mark, style)| {
            let (inner, after) = rest.strip_prefix(mark)?.split_once(mark)?;
            (!inner.is_empty()).then(|| (style(inner.to_string()), after))
        });
        match marked {
            Some((run, after)) => {
                if !plain.is_empty() {
                    runs.push(Run::Text(std::mem::take(&mut plain)));
                }
                runs.push(run);
                rest = after;
            }
            None => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    if !plain.is_empty() {
        runs.push(Run::Text(plain));
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: &str) -> Run {
        Run::Text(words.to_string())
    }

    #[test]
    fn marks_give_their_text_a_style() {
        let runs = line("the **leader** of `orders-0` *pushes* nothing");
        let expected = [
            text("the "),
            Run::Strong("leader".into()),
            text(" of "),
            Run::Code("orders-0".into()),
            text(" "),
            Run::Emphasis("pushes".into()),
            text(" nothing"),
        ];
        assert_eq!(runs, expected);
    }

    #[test]
    fn a_mark_without_its_partner_is_text() {
        assert_eq!(line("2 * 3 is `6"), [text("2 * 3 is `6")]);
        assert_eq!(line("日志**末端**。"), [text("日志"), Run::Strong("末端".into()), text("。")]);
    }

    #[test]
    fn empty_lines_part_blocks_and_lists_keep_their_items() {
        let blocks = read("one\ntwo\n\n- a\n  b\n- c\n");
        let list = Block::List(vec![vec![text("a b")], vec![text("c")]]);
        assert_eq!(blocks, [Block::Paragraph(vec![text("one two")]), list]);
    }
}
