//! The form of a cluster's shape: a genesis under construction, and what is wrong with it.
//!
//! A field that holds no legal value keeps its text and its error; the genesis keeps the last legal value.

use kraftscope_core::client::{ConsumerSpec, ProducerSpec};
use kraftscope_core::config::{self, Acks, Warning};
use kraftscope_core::id::Text;
use kraftscope_core::net::Latency;
use kraftscope_core::scenario::actions::parse_acks;
use kraftscope_core::sim::genesis::{Genesis, TopicSpec};
use kraftscope_core::time::Span;
use std::collections::BTreeMap;

/// A genesis under construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    base: Genesis,
    next: Genesis,
    /// Text and error of the fields that hold no legal value.
    wrong: BTreeMap<String, (String, String)>,
    /// What is searched among the settings.
    pub search: String,
}

impl Draft {
    /// The form of this genesis.
    pub fn of(genesis: &Genesis) -> Draft {
        Draft { base: genesis.clone(), next: genesis.clone(), wrong: BTreeMap::new(), search: String::new() }
    }

    /// The genesis as far as it is legal.
    pub const fn shape(&self) -> &Genesis {
        &self.next
    }

    /// Whether it differs from the run.
    pub fn is_changed(&self) -> bool {
        self.base != self.next || !self.wrong.is_empty()
    }

    /// What a field shows.
    pub fn text(&self, field: &str, legal: impl ToString) -> String {
        self.wrong.get(field).map_or_else(|| legal.to_string(), |(text, _)| text.clone())
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&str> {
        self.wrong.get(field).map(|(_, error)| error.as_str())
    }

    /// The genesis, if everything is legal. The error is a sentence.
    pub fn genesis(&self) -> Result<Genesis, String> {
        if let Some((_, error)) = self.wrong.values().next() {
            return Err(error.clone());
        }
        self.next.validate_size().and_then(|()| self.next.validate()).map_err(|error| error.to_string())?;
        Ok(self.next.clone())
    }

    /// What is foolish though legal.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for topic in &self.next.topics {
            let mut settings = self.next.settings;
            settings.min_insync_replicas = topic.min_insync_replicas.unwrap_or(settings.min_insync_replicas);
            for warning in settings.warnings(u32::from(topic.replicas)) {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
    }

    /// Sets a field: `brokers`, `topic.0.partitions`, `producer.0.interval`, `set.replica.lag.time.max.ms`, `search`.
    pub fn set(&mut self, field: &str, text: &str) {
        let mut parts = field.splitn(3, '.');
        let result = match (parts.next().unwrap_or(""), parts.next(), parts.next()) {
            ("search", ..) => {
                self.search = text.to_owned();
                return;
            }
            ("set", Some(_), _) => {
                self.next.settings.set(&field[4..], text.trim()).map_err(|error| error.to_string())
            }
            ("topic", Some(number), Some(part)) => self.set_topic(number, part, text.trim()),
            ("producer", Some(number), Some(part)) => self.set_producer(number, part, text.trim()),
            _ => self.set_shape(field, text.trim()),
        };
        match result {
            Ok(()) => self.wrong.remove(field),
            Err(error) => self.wrong.insert(field.to_owned(), (text.to_owned(), error)),
        };
    }

    fn set_shape(&mut self, field: &str, text: &str) -> Result<(), String> {
        let next = &mut self.next;
        match field {
            "seed" => next.seed = number(text)?,
            "controllers" => next.controllers = number(text)?,
            "zookeepers" => next.zookeepers = number(text)?,
            "spare" => next.spare_controllers = number(text)?,
            "brokers" => next.brokers = number(text)?,
            "latency" => next.latency = Latency::parse(text).unwrap_or(next.latency),
            "producers" => {
                let like = next.producers.first().cloned().unwrap_or_else(|| producer(&next.topics));
                next.producers.resize(number(text)?, like);
            }
            "consumers" => {
                let topics = next.topics.iter().map(|topic| topic.name).collect();
                let group = next.consumers.first().and_then(|like| like.group);
                next.consumers.resize(number(text)?, ConsumerSpec { topics, group });
            }
            "group" => {
                let name = Text::new(text).ok_or_else(|| format!("{text}?"))?;
                let group = Some(name).filter(|name| !name.is_empty());
                next.consumers.iter_mut().for_each(|consumer| consumer.group = group);
            }
            _ => return Err(format!("{field}?")),
        }
        Ok(())
    }

    fn set_topic(&mut self, place: &str, part: &str, text: &str) -> Result<(), String> {
        let place: usize = number(place)?;
        let Some(topic) = self.next.topics.get_mut(place) else { return Ok(()) };
        match part {
            "name" => {
                let old = topic.name;
                let new = Text::new(text).ok_or_else(|| format!("'{text}' is too long"))?;
                topic.name = new;
                self.rename(old, new);
            }
            "partitions" => topic.partitions = number(text)?,
            "replicas" => topic.replicas = number(text)?,
            "min" => topic.min_insync_replicas = Some(number(text)?),
            "unclean" => topic.unclean_leader_election_enable = Some(text == "true"),
            _ => return Err(format!("{part}?")),
        }
        Ok(())
    }

    fn rename(&mut self, old: Text, new: Text) {
        let producers = self.next.producers.iter_mut().flat_map(|producer| producer.topics.iter_mut());
        let consumers = self.next.consumers.iter_mut().flat_map(|consumer| consumer.topics.iter_mut());
        for name in producers.chain(consumers).filter(|name| **name == old) {
            *name = new;
        }
    }

    fn set_producer(&mut self, place: &str, part: &str, text: &str) -> Result<(), String> {
        let place: usize = number(place)?;
        let Some(producer) = self.next.producers.get_mut(place) else { return Ok(()) };
        match part {
            "interval" => producer.interval = Span::millis(number(text)?),
            "acks" => producer.acks = Some(parse_acks(text)?),
            _ => return Err(format!("{part}?")),
        }
        Ok(())
    }

    /// One more topic, which everybody writes and reads.
    pub fn add_topic(&mut self) {
        let free = |n: &usize| {
            let name = format!("topic-{n}");
            !self.next.topics.iter().any(|topic| topic.name.as_str() == name)
        };
        let name = (1..100).find(free).and_then(|n| Text::new(&format!("topic-{n}"))).unwrap_or_default();
        self.next.topics.push(TopicSpec {
            name,
            partitions: 1,
            replicas: u16::from(self.next.brokers.min(3)),
            min_insync_replicas: Some(u32::from(self.next.brokers.clamp(1, 2))),
            unclean_leader_election_enable: None,
            first_broker: None,
        });
        for producer in &mut self.next.producers {
            producer.topics.push(name);
        }
        for consumer in &mut self.next.consumers {
            consumer.topics.push(name);
        }
    }

    /// Without this topic.
    pub fn remove_topic(&mut self, number: usize) {
        if number >= self.next.topics.len() {
            return;
        }
        let name = self.next.topics.remove(number).name;
        for producer in &mut self.next.producers {
            producer.topics.retain(|topic| *topic != name);
        }
        for consumer in &mut self.next.consumers {
            consumer.topics.retain(|topic| *topic != name);
        }
        self.wrong.retain(|field, _| !field.starts_with("topic."));
    }

    /// The settings that hold the searched words in their key, in the table's order.
    pub fn found(&self) -> impl Iterator<Item = &'static config::Setting> + '_ {
        let words: Vec<String> = self.search.to_lowercase().split_whitespace().map(str::to_owned).collect();
        config::settings().iter().filter(move |setting| words.iter().all(|word| setting.key.contains(word)))
    }
}

fn producer(topics: &[TopicSpec]) -> ProducerSpec {
    let topics = topics.iter().map(|topic| topic.name).collect();
    ProducerSpec { topics, interval: Span::millis(400), keys: 6, acks: Some(Acks::All) }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("'{text}': ?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_without_a_legal_value_keeps_its_text_and_its_error() {
        let mut draft = Draft::of(&Genesis::default());
        draft.set("brokers", "many");
        assert_eq!(draft.text("brokers", draft.shape().brokers), "many");
        assert!(draft.error("brokers").is_some() && draft.genesis().is_err());
        draft.set("brokers", "5");
        assert_eq!(draft.genesis().map(|genesis| genesis.brokers), Ok(5));
    }

    /// Source: KafkaConfig.validateValues.
    #[test]
    fn a_refused_setting_shows_the_rule_of_kafka() {
        let mut draft = Draft::of(&Genesis::default());
        draft.set("set.replica.lag.time.max.ms", "400");
        assert!(draft.genesis().expect_err("is refused").contains("replica.lag.time.max.ms"));
    }

    #[test]
    fn min_insync_replicas_as_high_as_the_replication_factor_is_warned_of() {
        let mut draft = Draft::of(&Genesis::default());
        draft.set("topic.0.min", "3");
        assert!(draft.warnings().contains(&Warning::NoFaultTolerance { replicas: 3 }));
    }

    #[test]
    fn clients_follow_a_topic_that_is_renamed_added_or_removed() {
        let mut draft = Draft::of(&Genesis::default());
        draft.set("topic.0.name", "invoices");
        draft.add_topic();
        draft.remove_topic(1);
        let genesis = draft.genesis().expect("is legal");
        let names: Vec<&str> = genesis.producers[0].topics.iter().map(Text::as_str).collect();
        assert_eq!(names, ["invoices", "topic-1"]);
        assert_eq!(genesis.consumers[0].topics, genesis.producers[0].topics);
    }

    #[test]
    fn settings_are_found_by_parts_of_their_key() {
        let mut draft = Draft::of(&Genesis::default());
        draft.set("search", "lag max");
        assert_eq!(draft.found().map(|setting| setting.key).collect::<Vec<_>>(), ["replica.lag.time.max.ms"]);
    }
}
