//! Prose of lessons and claims as elements.

use kraftscope_tutorials::{Block, Run};
use yew::prelude::*;

fn run(run: &Run) -> Html {
    match run {
        Run::Text(text) => html! { { text.clone() } },
        Run::Strong(text) => html! { <strong>{ text.clone() }</strong> },
        Run::Emphasis(text) => html! { <em>{ text.clone() }</em> },
        Run::Code(text) => html! { <code>{ text.clone() }</code> },
    }
}

/// Text in its styles.
pub fn runs(all: &[Run]) -> Html {
    html! { <>{ for all.iter().map(run) }</> }
}

/// Paragraphs and lists.
pub fn blocks(all: &[Block]) -> Html {
    let block = |(i, block): (usize, &Block)| match block {
        Block::Paragraph(text) => html! { <p key={i}>{ runs(text) }</p> },
        Block::List(items) => html! {
            <ul key={i} class="bullets">{ for items.iter().map(|item| html! { <li>{ runs(item) }</li> }) }</ul>
        },
    };
    html! { <>{ for all.iter().enumerate().map(block) }</> }
}
