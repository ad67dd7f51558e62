//! Genesis lines: the cluster's shape, its settings, its clients. What is printed reads back as the same genesis.

use super::{ScenarioError, actions, words};
use crate::client::{ConsumerSpec, ProducerSpec};
use crate::config::Settings;
use crate::id::Text;
use crate::mode::{MetadataPlane, Mode};
use crate::net::Latency;
use crate::release::Release;
use crate::sim::genesis::{Genesis, TopicSpec};
use crate::time::Span;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Reads the lines before `----`. The release comes first wherever it stands, since it decides the defaults.
pub(super) fn parse(lines: &[(u32, &str)]) -> Result<Genesis, ScenarioError> {
    let mut genesis = Genesis {
        seed: 1,
        settings: Settings::default(),
        mode: Mode::KRaft,
        controllers: 3,
        spare_controllers: 0,
        zookeepers: 0,
        brokers: 3,
        topics: Vec::new(),
        producers: Vec::new(),
        consumers: Vec::new(),
        latency: Latency::default(),
        rates: BTreeMap::new(),
        checks: true,
    };
    let is_release = |line: &str| line.starts_with("release ");
    let is_mode = |line: &str| line.starts_with("mode ");
    for (number, line) in lines.iter().filter(|(_, line)| is_release(line)) {
        let name = line["release ".len()..].trim();
        let release = Release::parse(name).ok_or_else(|| ScenarioError {
            line: *number,
            message: format!(
                "'{name}' is no release: write one of {}",
                Release::ALL.map(Release::name).join(", ")
            ),
        })?;
        genesis.settings = Settings::of(release);
    }
    for (number, line) in lines.iter().filter(|(_, line)| is_mode(line)) {
        let mode = mode(line["mode ".len()..].trim());
        genesis = genesis.in_mode(mode.map_err(|message| ScenarioError { line: *number, message })?);
    }
    for (number, line) in lines.iter().filter(|(_, line)| !is_release(line) && !is_mode(line)) {
        read(&mut genesis, line).map_err(|message| ScenarioError { line: *number, message })?;
    }
    let fits = genesis.validate_size().and_then(|()| genesis.validate());
    fits.map_err(|error| ScenarioError { line: 0, message: error.0 })?;
    Ok(genesis)
}

fn read(genesis: &mut Genesis, line: &str) -> Result<(), String> {
    let parts: Vec<&str> = line.split_whitespace().collect();
    match parts.as_slice() {
        ["seed", n] => genesis.seed = words::number(n)?,
        ["controllers", n] => genesis.controllers = words::number(n)?,
        ["controllers", n, "spare", spare] => {
            (genesis.controllers, genesis.spare_controllers) = (words::number(n)?, words::number(spare)?);
        }
        ["zookeepers", n] => genesis.zookeepers = words::number(n)?,
        ["brokers", n] => genesis.brokers = words::number(n)?,
        ["latency", name] => {
            genesis.latency = Latency::parse(name).ok_or_else(|| {
                let known: Vec<&str> = Latency::ALL.iter().map(|latency| latency.name()).collect();
                format!("'{name}' is no latency: write one of {}", known.join(", "))
            })?;
        }
        ["rate", name, parts] => {
            genesis.rates.insert(actions::rate(name)?, words::number(parts)?);
        }
        ["checks", state @ ("on" | "off")] => genesis.checks = *state == "on",
        ["switch", name, value] => genesis.settings.features.set(name, value)?,
        ["set", key, value] => genesis.settings.set(key, value).map_err(|error| error.to_string())?,
        ["topic", name, rest @ ..] => genesis.topics.push(topic(name, rest)?),
        ["producer", rest @ ..] => genesis.producers.push(producer(rest)?),
        ["consumer", rest @ ..] => {
            known(rest, &["topics", "group"])?;
            let group = field(rest, "group").map(words::short).transpose()?;
            genesis.consumers.push(ConsumerSpec { topics: topics(field(rest, "topics"))?, group });
        }
        _ => {
            return Err(format!(
                "'{line}' says nothing about the cluster: write one like 'brokers 3', 'topic orders partitions 3 \
                 replicas 3', 'set replica.lag.time.max.ms 10000' or 'producer topics orders interval 200ms'; \
                 the script comes after a line '----'"
            ));
        }
    }
    Ok(())
}

fn mode(name: &str) -> Result<Mode, String> {
    Mode::parse(name)
        .ok_or_else(|| format!("'{name}' is no mode: write one of {}", Mode::ALL.map(Mode::name).join(", ")))
}

/// The word after `key`, among pairs.
fn field<'a>(parts: &[&'a str], key: &str) -> Option<&'a str> {
    parts.chunks(2).find(|pair| pair[0] == key).and_then(|pair| pair.get(1).copied())
}

fn known(parts: &[&str], keys: &[&str]) -> Result<(), String> {
    match parts.chunks(2).find(|pair| pair.len() < 2 || !keys.contains(&pair[0])) {
        Some(pair) => {
            Err(format!("'{}' is not known here: write pairs of {} and a value", pair[0], keys.join(", ")))
        }
        None => Ok(()),
    }
}

fn topic(name: &str, rest: &[&str]) -> Result<TopicSpec, String> {
    known(
        rest,
        &["partitions", "replicas", "min.insync.replicas", "unclean.leader.election.enable", "first-broker"],
    )?;
    let unclean = match field(rest, "unclean.leader.election.enable") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(other) => return Err(format!("unclean.leader.election.enable '{other}': write true or false")),
    };
    Ok(TopicSpec {
        name: words::short(name)?,
        partitions: field(rest, "partitions").map_or(Ok(1), words::number)?,
        replicas: field(rest, "replicas").map_or(Ok(1), words::number)?,
        min_insync_replicas: field(rest, "min.insync.replicas").map(words::number).transpose()?,
        unclean_leader_election_enable: unclean,
        first_broker: field(rest, "first-broker").map(words::number).transpose()?,
    })
}

fn topics(list: Option<&str>) -> Result<Vec<Text>, String> {
    list.map_or(Ok(Vec::new()), |list| list.split(',').map(words::short).collect())
}

fn producer(rest: &[&str]) -> Result<ProducerSpec, String> {
    known(rest, &["topics", "interval", "keys", "acks"])?;
    Ok(ProducerSpec {
        topics: topics(field(rest, "topics"))?,
        interval: field(rest, "interval").map_or(Ok(Span::ZERO), words::span)?,
        keys: field(rest, "keys").map_or(Ok(0), words::number)?,
        acks: field(rest, "acks").map(actions::parse_acks).transpose()?,
    })
}

/// Prints the lines before `----`.
pub fn print_genesis(genesis: &Genesis) -> String {
    let spare = match genesis.spare_controllers {
        0 => String::new(),
        n => format!(" spare {n}"),
    };
    let plane = match genesis.mode.metadata() {
        MetadataPlane::ZooKeeper => format!("zookeepers {}", genesis.zookeepers),
        MetadataPlane::KRaft => format!("controllers {}{spare}", genesis.controllers),
    };
    let mode = if genesis.mode == Mode::KRaft { String::new() } else { format!("mode {}\n", genesis.mode) };
    let mut text = format!(
        "release {}\n{mode}seed {}\n{plane}\nbrokers {}\nlatency {}\n",
        genesis.settings.release,
        genesis.seed,
        genesis.brokers,
        genesis.latency.name()
    );
    for topic in &genesis.topics {
        text.push_str(&format!(
            "topic {} partitions {} replicas {}",
            topic.name, topic.partitions, topic.replicas
        ));
        let mut pair = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(" {key} {value}"));
            }
        };
        pair("min.insync.replicas", topic.min_insync_replicas.map(|n| n.to_string()));
        pair("unclean.leader.election.enable", topic.unclean_leader_election_enable.map(|on| on.to_string()));
        pair("first-broker", topic.first_broker.map(|n| n.to_string()));
        text.push('\n');
    }
    for producer in &genesis.producers {
        text.push_str("producer");
        push_topics(&mut text, &producer.topics);
        text.push_str(&format!(" interval {} keys {}", words::show_span(producer.interval), producer.keys));
        if let Some(acks) = producer.acks {
            text.push_str(&format!(" acks {}", actions::show_acks(acks)));
        }
        text.push('\n');
    }
    for consumer in &genesis.consumers {
        text.push_str("consumer");
        push_topics(&mut text, &consumer.topics);
        if let Some(group) = consumer.group {
            text.push_str(&format!(" group {group}"));
        }
        text.push('\n');
    }
    for (key, value) in genesis.settings.changed() {
        text.push_str(&setting_line(key, &value));
    }
    for (name, value) in genesis.settings.features.changed_from(genesis.settings.release) {
        text.push_str(&format!("switch {name} {value}\n"));
    }
    for (rate, parts) in &genesis.rates {
        text.push_str(&format!("rate {} {parts}\n", rate.name()));
    }
    if !genesis.checks {
        text.push_str("checks off\n");
    }
    text
}

fn push_topics(text: &mut String, topics: &[Text]) {
    if !topics.is_empty() {
        let names: Vec<&str> = topics.iter().map(Text::as_str).collect();
        text.push_str(&format!(" topics {}", names.join(",")));
    }
}

/// `set key value`.
pub fn setting_line(key: &str, value: &str) -> String {
    format!("set {key} {value}\n")
}
