//! Prose as plain data: paragraphs and lists of runs of text. The page turns them into elements.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

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

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Run>),
    /// Items of a list.
    List(Vec<Vec<Run>>),
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    runs: Vec<Run>,
    items: Option<Vec<Vec<Run>>>,
    strong: bool,
    emphasis: bool,
}

impl Reader {
    fn text(&mut self, text: String) {
        self.runs.push(match (self.strong, self.emphasis) {
            (true, _) => Run::Strong(text),
            (false, true) => Run::Emphasis(text),
            (false, false) => Run::Text(text),
        });
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::List(_) => self.items = Some(Vec::new()),
            Tag::Strong => self.strong = true,
            Tag::Emphasis => self.emphasis = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Strong => self.strong = false,
            TagEnd::Emphasis => self.emphasis = false,
            TagEnd::Paragraph if self.items.is_none() => {
                self.blocks.push(Block::Paragraph(std::mem::take(&mut self.runs)));
            }
            TagEnd::Item => {
                let runs = std::mem::take(&mut self.runs);
                if let Some(items) = &mut self.items {
                    items.push(runs);
                }
            }
            TagEnd::List(_) => self.blocks.extend(self.items.take().map(Block::List)),
            _ => {}
        }
    }
}

/// Reads Markdown; what is neither paragraph, list, strong, emphasis nor code keeps only its text.
pub(crate) fn read(markdown: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new(markdown) {
        match event {
            Event::Start(tag) => reader.start(&tag),
            Event::End(tag) => reader.end(tag),
            Event::Text(text) => reader.text(text.into_string()),
            Event::Code(code) => reader.runs.push(Run::Code(code.into_string())),
            Event::SoftBreak | Event::HardBreak => reader.text(String::from(" ")),
            _ => {}
        }
    }
    reader.blocks
}

/// One line of Markdown as runs.
pub(crate) fn line(markdown: &str) -> Vec<Run> {
    match read(markdown).into_iter().next() {
        Some(Block::Paragraph(runs)) => runs,
        Some(Block::List(_)) | None => vec![Run::Text(markdown.to_string())],
    }
}
