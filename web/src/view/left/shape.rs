//! The form of the cluster's shape.

use super::super::props::Send;
use crate::i18n::{Lang, t, tr};
use crate::model::RunMsg;
use crate::model::draft::Draft;
use kraftscope_core::client::ProducerSpec;
use kraftscope_core::config::{Acks, Warning};
use kraftscope_core::mode::{MetadataPlane, ReplicationPlane};
use kraftscope_core::net::Latency;
use kraftscope_core::scenario::actions::show_acks;
use kraftscope_core::sim::genesis::{Genesis, TopicSpec};
use yew::prelude::*;

/// A field of the form for a number or a name.
pub(super) fn field(lang: Lang, draft: &Draft, name: &str, label: &str, value: &str, send: &Send) -> Html {
    let field = name.to_owned();
    let onchange = send.on_change(move |text| RunMsg::Set(field.clone(), text));
    let error = draft.error(name).map(str::to_owned);
    let id = format!("field-{}", name.replace('.', "-"));
    html! {
        <label class="pair" key={name.to_owned()}>
            <span>{ tr(lang, label) }</span>
            <input class="field number" data-testid={id} value={draft.text(name, value)} {onchange} inputmode="numeric"
                aria-invalid={error.is_some().to_string()} autocomplete="off" />
            if let Some(error) = error { <span class="error">{ error }</span> }
        </label>
    }
}

fn choice(name: &str, label: String, options: Vec<(String, String)>, chosen: &str, send: &Send) -> Html {
    let field = name.to_owned();
    let onchange = send.on_change(move |text| RunMsg::Set(field.clone(), text));
    html! {
        <label class="pair" key={name.to_owned()}>
            <span>{ label }</span>
            <select class="field" data-testid={format!("field-{}", name.replace('.', "-"))} {onchange}>
                { for options.into_iter().map(|(value, text)| html! {
                    <option key={value.clone()} value={value.clone()} selected={value == chosen}>{ text }</option>
                }) }
            </select>
        </label>
    }
}

/// The group of the consumers; empty when they have none.
fn group(genesis: &Genesis) -> &str {
    genesis.consumers.first().and_then(|consumer| consumer.group.as_ref()).map_or("", |group| group.as_str())
}

/// The whole form with its button.
pub(super) fn shape(lang: Lang, draft: &Draft, send: &Send) -> Html {
    let next = draft.shape();
    let latencies = Latency::ALL
        .map(|latency| (latency.name().to_owned(), tr(lang, &format!("latency.{}", latency.name()))));
    let protocols =
        ["classic", "consumer"].map(|name| (name.to_owned(), tr(lang, &format!("left.protocol.{name}"))));
    let protocol = next.settings.get("group.protocol").map(|value| value.to_string()).unwrap_or_default();
    html! {
        <section class="group">
            <h2>{ tr(lang, "left.shape") }</h2>
            { field(lang, draft, "brokers", "left.brokers", &next.brokers.to_string(), send) }
            if next.mode.metadata() == MetadataPlane::ZooKeeper {
                { field(lang, draft, "zookeepers", "left.zookeepers", &next.zookeepers.to_string(), send) }
            } else {
                { field(lang, draft, "controllers", "left.controllers", &next.controllers.to_string(), send) }
                { field(lang, draft, "spare", "left.spare", &next.spare_controllers.to_string(), send) }
            }
            { choice("latency", tr(lang, "left.latency"), latencies.to_vec(), next.latency.name(), send) }
            { for next.topics.iter().enumerate().map(|(i, found)| topic(lang, draft, i, found, send)) }
            <button class="button small" data-testid="add-topic" onclick={send.on_click(RunMsg::AddTopic)}>{ tr(lang, "left.add-topic") }</button>
            { field(lang, draft, "producers", "left.producers", &next.producers.len().to_string(), send) }
            { for next.producers.iter().enumerate().map(|(i, found)| producer(lang, draft, i, found, send)) }
            { field(lang, draft, "consumers", "left.consumers", &next.consumers.len().to_string(), send) }
            if next.mode.replication() == ReplicationPlane::Isr {
                { field(lang, draft, "group", "left.group", group(next), send) }
            }
            if !group(next).is_empty() {
                { choice("set.group.protocol", tr(lang, "left.protocol"), protocols.to_vec(), &protocol, send) }
            }
            { field(lang, draft, "seed", "left.seed", &next.seed.to_string(), send) }
            { verdict(lang, draft, send) }
        </section>
    }
}

fn topic(lang: Lang, draft: &Draft, number: usize, topic: &TopicSpec, send: &Send) -> Html {
    let name = |part: &str| format!("topic.{number}.{part}");
    let min = topic.min_insync_replicas.unwrap_or(draft.shape().settings.min_insync_replicas);
    let unclean = topic.unclean_leader_election_enable;
    let unclean = unclean.unwrap_or(draft.shape().settings.unclean_leader_election_enable);
    let yes_no = ["false", "true"].map(|value| (value.to_owned(), tr(lang, &format!("word.{value}"))));
    html! {
        <fieldset class="card" key={number}>
            <legend>{ t(lang, "left.topic", &[("name", topic.name.to_string())]) }</legend>
            { field(lang, draft, &name("name"), "left.name", topic.name.as_str(), send) }
            { field(lang, draft, &name("partitions"), "left.partitions", &topic.partitions.to_string(), send) }
            { field(lang, draft, &name("replicas"), "left.replicas", &topic.replicas.to_string(), send) }
            { field(lang, draft, &name("min"), "left.min", &min.to_string(), send) }
            { choice(&name("unclean"), tr(lang, "left.unclean"), yes_no.to_vec(), if unclean { "true" } else { "false" }, send) }
            <button class="button quiet small" data-testid={format!("remove-topic-{number}")}
                onclick={send.on_click(RunMsg::RemoveTopic(number))}>{ tr(lang, "left.remove") }</button>
        </fieldset>
    }
}

fn producer(lang: Lang, draft: &Draft, number: usize, producer: &ProducerSpec, send: &Send) -> Html {
    let name = |part: &str| format!("producer.{number}.{part}");
    let acks = producer.acks.unwrap_or(draft.shape().settings.acks);
    let all = [Acks::All, Acks::One, Acks::Zero]
        .map(|acks| (show_acks(acks).to_owned(), format!("acks={}", show_acks(acks))));
    html! {
        <fieldset class="card" key={number}>
            <legend>{ t(lang, "word.producer", &[("n", (number + 1).to_string())]) }</legend>
            { field(lang, draft, &name("interval"), "left.interval", &producer.interval.as_millis().to_string(), send) }
            { choice(&name("acks"), "acks".to_owned(), all.to_vec(), show_acks(acks), send) }
        </fieldset>
    }
}

fn warning(lang: Lang, warning: &Warning) -> String {
    tr(lang, warning.key())
}

fn verdict(lang: Lang, draft: &Draft, send: &Send) -> Html {
    let error = draft.genesis().err().filter(|_| draft.is_changed());
    html! {
        <div class="verdict">
            if let Some(error) = error.clone() { <p class="error" role="alert" data-testid="shape-error">{ error }</p> }
            { for draft.warnings().iter().map(|found| html! {
                <p key={found.key()} class="warning" data-testid="warning">{ warning(lang, found) }</p>
            }) }
            <div class="row">
                <button class="button primary" data-testid="apply" disabled={!draft.is_changed() || error.is_some()}
                    onclick={send.on_click(RunMsg::Apply)}>{ tr(lang, "left.apply") }</button>
                if draft.is_changed() {
                    <button class="button quiet" data-testid="reset" onclick={send.on_click(RunMsg::ResetDraft)}>{ tr(lang, "left.reset") }</button>
                }
            </div>
        </div>
    }
}
