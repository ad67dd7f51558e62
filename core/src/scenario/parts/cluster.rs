//! `component: cluster`: a whole cluster. Genesis, then script lines as everywhere, and `show …` lines that print
//! what a person would look at.
//!
//! Left out: the metadata log's records, message by message traces (`kraftscope run --trace`).

use super::Part;
use super::partition_change::show_registration;
use crate::check::{INVARIANTS, Why};
use crate::client::Consumer;
use crate::explain;
use crate::history::History;
use crate::id::{NodeId, TopicPartition};
use crate::mode::ReplicationPlane;
use crate::process::Process;
use crate::scenario::command::{Command, Verb};
use crate::scenario::words::Names;
use crate::scenario::{Line, ScenarioError, genesis, leader_of, plain, play_line, truth};
use crate::view::{
    CellView, ClusterView, ConsumerView, ControllerView, Health, LogView, ProducerView, RaftRoleView,
    ReplicaRole, ReplicaView,
};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What follows `show`.
pub const SHOWS: &[Verb] = &[
    Verb { usage: "time", about: "Virtual time and the number of the last event." },
    Verb {
        usage: "partitions [PARTITION...]",
        about: "Registrations as the active controller has them: leader, ISR, ELR, epochs.",
    },
    Verb {
        usage: "replicas [PARTITION...]",
        about: "Each replica's own view: role, leader epoch, log, high watermark, leader-epoch cache.",
    },
    Verb { usage: "log PARTITION NODE", about: "The records of one replica, one a line." },
    Verb {
        usage: "quorum",
        about: "Each controller's role, epoch, leader, vote, metadata log end and high watermark.",
    },
    Verb { usage: "brokers", about: "Each broker's health and phase, and whether it is fenced." },
    Verb { usage: "clients", about: "What each producer was told, and what each consumer has read." },
    Verb {
        usage: "groups",
        about: "Each consumer group as its coordinator has it: state, epoch, what is committed; then its members.",
    },
    Verb { usage: "consumed", about: "The last records that each consumer read, at most 16." },
    Verb {
        usage: "notes [NAME...]",
        about: "The notes since the last `show notes`, or only those of these kinds; those of other kinds are \
                skipped for good.",
    },
    Verb { usage: "broken", about: "Broken invariants, or `none`." },
    Verb {
        usage: "lost",
        about: "Acknowledged records that a later leader does not hold, by acks, and why the promise was void, if \
                it was; or `none`.",
    },
];

/// Most entries of a log that are looked at.
const CELLS: u32 = 100_000;

/// A cluster and how far its notes have been shown.
#[derive(Debug)]
pub(crate) struct Cluster {
    history: History,
    noted: u64,
}

impl Cluster {
    /// The cluster of these genesis lines.
    pub(crate) fn new(lines: &[(u32, &str)]) -> Result<Cluster, ScenarioError> {
        let history = History::new(genesis::parse(lines)?)
            .map_err(|error| ScenarioError { line: 0, message: error.0 })?;
        Ok(Cluster { history, noted: 0 })
    }
}

impl Part for Cluster {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        if command.verb != "show" {
            let line = Line::parse(command.text, &self.history.names())?;
            return play_line(&mut self.history, &line).map(|()| String::new());
        }
        let Some(what) = command.text.strip_prefix("show").map(str::trim).filter(|what| !what.is_empty())
        else {
            let known: Vec<&str> = SHOWS.iter().map(Verb::name).collect();
            return Err(format!("what to show is missing: write one of {}", known.join(", ")));
        };
        let what = Command::parse(command.line, what)?;
        what.fits(SHOWS)?;
        self.show(&what)
    }
}

impl Cluster {
    fn show(&mut self, what: &Command<'_>) -> Result<String, String> {
        let names = self.history.names();
        let view = || self.history.sim().view(CELLS);
        match what.verb {
            "time" => Ok(format!("{} event {}", self.history.now(), self.history.event())),
            "partitions" => self.partitions(&wanted(what, &names)?, &names),
            "replicas" => Ok(replicas(&view(), &wanted(what, &names)?, &names)),
            "log" => {
                let (partition, broker) =
                    (what.read(0, |text| names.partition(text))?, what.read(1, NodeId::parse)?);
                log(&view(), partition, broker)
            }
            "quorum" => Ok(lines(view().controllers.iter().map(quorum))),
            "brokers" => Ok(self.brokers(&view())),
            "clients" => {
                let view = view();
                let producers = view.producers.iter().map(producer);
                Ok(lines(producers.chain(view.consumers.iter().map(|one| consumer(one, &names)))))
            }
            "groups" => Ok(super::groups_shown::groups(&view(), &names)),
            "consumed" => Ok(self.consumed(&names)),
            "notes" => self.notes(what, &names),
            "lost" => Ok(self.lost(&names)),
            _ => Ok(self.broken(&names)),
        }
    }

    fn partitions(&self, wanted: &[TopicPartition], names: &Names) -> Result<String, String> {
        let image = truth(self.history.sim()).ok_or("no process knows the metadata yet")?;
        let shown = image.partitions.iter().filter(|(id, _)| is_wanted(**id, wanted));
        let sim = self.history.sim();
        if sim.world().genesis.mode.replication() == ReplicationPlane::Raft {
            return Ok(lines(shown.map(|(&id, found)| {
                let (leader, epoch) = leader_of(sim, id).unwrap_or_default();
                let replicas = found.replicas;
                format!(
                    "{} replicas={replicas} leader={} leader-epoch={epoch}",
                    names.show(id),
                    number(leader)
                )
            })));
        }
        Ok(lines(shown.map(|(id, found)| {
            let registration = show_registration(found);
            format!("{} {}", names.show(*id), registration.trim_start_matches("partition "))
        })))
    }

    fn brokers(&self, view: &ClusterView) -> String {
        lines(view.brokers.iter().map(|broker| {
            let mut line = format!("{} {}", broker.id, health(broker.health));
            if broker.health != Health::Down {
                line.push_str(&format!(" {:?}", broker.phase));
            }
            line.push_str(if broker.fenced { " fenced" } else { " unfenced" });
            if broker.in_controlled_shutdown {
                line.push_str(" in-controlled-shutdown");
            }
            format!("{line} leads={}", broker.leads)
        }))
    }

    fn consumed(&self, names: &Names) -> String {
        let consumers = self.history.sim().world().slots.iter().filter_map(|slot| match &slot.process {
            Some(Process::Consumer(consumer)) => Some(consumer.as_ref()),
            _ => None,
        });
        let records = |consumer: &Consumer| {
            let id = consumer.id;
            let shown = consumer.last_records.iter().map(move |read| {
                let record = read.record;
                let place = format!("{} offset={}", names.show(read.partition), read.offset);
                format!("{id} {place} epoch={} {}#{}", read.epoch, record.producer, record.value)
            });
            lines(shown)
        };
        lines(consumers.map(records))
    }

    fn notes(&mut self, what: &Command<'_>, names: &Names) -> Result<String, String> {
        if let Some(unknown) = what.positional().iter().find(|name| !explain::KEYS.contains(name)) {
            return Err(format!("'{unknown}' is no note: write one like LeaderElected or IsrChanged"));
        }
        let end = self.history.first_note(self.history.event().next());
        let logs = self.history.notes(self.noted.min(end)..end);
        let kinds = what.positional();
        let shown = logs.filter(|log| kinds.is_empty() || kinds.contains(&explain::key(&log.note)));
        let text = lines(shown.map(|log| {
            let node = log.node.map_or_else(String::new, |node| format!("{node} "));
            format!("{node}{}", plain::note(&log.note, names))
        }));
        self.noted = end;
        Ok(text)
    }

    fn lost(&self, names: &Names) -> String {
        let Some(checker) = self.history.sim().checker() else { return String::from("checks are off") };
        let mut all = Vec::new();
        for (id, _) in checker.lost() {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        let count =
            |id, by_all| checker.lost().filter(|(of, lost)| *of == id && lost.by_all == by_all).count();
        let promised = |id| {
            let why = checker.void().find(|(of, _)| *of == id).map(|(_, why)| why);
            let void = why.map_or_else(String::new, |why| format!(" void={}", void(why)));
            format!("C1 NoLostAckedWrite {} acks=all lost={}{void}", names.show(id), count(id, true))
        };
        let plain = |id| format!("{} acks=1 lost={}", names.show(id), count(id, false));
        let text = lines(all.iter().flat_map(|&id| {
            let kept = (count(id, true) > 0).then(|| promised(id));
            kept.into_iter().chain((count(id, false) > 0).then(|| plain(id)))
        }));
        if text.is_empty() { String::from("none") } else { text }
    }

    fn broken(&self, names: &Names) -> String {
        let end = self.history.first_note(self.history.event().next());
        let broken = self.history.notes(0..end).filter_map(|log| match log.note {
            crate::note::Note::InvariantBroken { invariant, partition, node, .. } => {
                let rule = INVARIANTS.get(usize::from(invariant))?;
                let partition = partition.map_or_else(String::new, |id| format!(" {}", names.show(id)));
                let node = node.map_or_else(String::new, |id| format!(" {id}"));
                Some(format!("{} {}{partition}{node}", rule.id, rule.name))
            }
            _ => None,
        });
        let text = lines(broken);
        if text.is_empty() { String::from("none") } else { text }
    }
}

/// Why a partition's promises do not stand any more.
fn void(why: Why) -> String {
    let (name, who) = match why {
        Why::UncleanElection { leader, .. } => ("UncleanElection", Some(leader)),
        Why::LeaderLostRecords { leader, .. } => ("LeaderLostRecords", Some(leader)),
        Why::ForgottenProposal { leader, .. } => ("ForgottenProposal", Some(leader)),
        Why::MinIsrUnheardOf { leader, .. } => ("MinIsrUnheardOf", Some(leader)),
        Why::DroppedReplicaEligible { replica, .. } => ("DroppedReplicaEligible", Some(replica)),
        Why::TooManyLosses { .. } => ("TooManyLosses", None),
        Why::MinIsrNotEnforced => ("MinIsrNotEnforced", None),
        Why::NoAcksAll => ("NoAcksAll", None),
        Why::NoIdempotence => ("NoIdempotence", None),
        Why::Disordered { .. } => ("Disordered", None),
        Why::ElrOff => ("ElrOff", None),
        Why::MemberForgot { replica, .. } => ("MemberForgot", Some(replica)),
        Why::NoIsr => ("NoIsr", None),
        Why::NoGroups => ("NoGroups", None),
        Why::ReadsUnconfirmed => ("ReadsUnconfirmed", None),
    };
    who.map_or_else(|| String::from(name), |who| format!("{name} {who}"))
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

fn wanted(what: &Command<'_>, names: &Names) -> Result<Vec<TopicPartition>, String> {
    what.positional().iter().map(|text| names.partition(text)).collect()
}

fn is_wanted(partition: TopicPartition, wanted: &[TopicPartition]) -> bool {
    wanted.is_empty() || wanted.contains(&partition)
}

fn number(id: Option<NodeId>) -> String {
    id.map_or(String::from("none"), |id| format!("{}", id.number()))
}

fn node(id: Option<NodeId>) -> String {
    id.map_or(String::from("none"), |id| format!("{id}"))
}

const fn health(health: Health) -> &'static str {
    match health {
        Health::Up => "up",
        Health::Paused => "paused",
        Health::Down => "down",
    }
}

fn replicas(view: &ClusterView, wanted: &[TopicPartition], names: &Names) -> String {
    let shown = view.partitions.iter().filter(|partition| is_wanted(partition.partition, wanted));
    lines(shown.flat_map(|partition| {
        let name = names.show(partition.partition);
        partition.copies.iter().map(move |copy| format!("{name} {}", replica(copy)))
    }))
}

fn replica(copy: &ReplicaView) -> String {
    let stands = copy.raft.as_ref().is_some_and(|raft| raft.role == RaftRoleView::Candidate);
    let role = match (copy.health, copy.role) {
        (Health::Down, _) => "down",
        (_, ReplicaRole::Leader) => "leader",
        (_, ReplicaRole::Follower) => "follower",
        (_, ReplicaRole::Offline) if stands => "candidate",
        (_, ReplicaRole::Offline) => "offline",
    };
    let mut line = format!("{} {role}", copy.broker);
    if copy.health != Health::Down {
        line.push_str(&format!(" epoch={}", copy.leader_epoch));
    }
    line.push_str(&format!(" {}", log_line(&copy.log)));
    if let Some(pending) = copy.pending_isr {
        line.push_str(&format!(" proposed-isr={}", pending.proposed));
    }
    if copy.failed {
        line.push_str(" failed");
    }
    line
}

/// `start=0 end=4 hw=4 cache=[0@0, 1@3] log=0x3,1x1`; the start only when it is not 0.
fn log_line(log: &LogView) -> String {
    let start = if log.start.0 == 0 { String::new() } else { format!("start={} ", log.start) };
    let hw = log.hw.map_or(String::from("unknown"), |hw| format!("{hw}"));
    let cache: Vec<String> =
        log.epochs.iter().map(|entry| format!("{}@{}", entry.epoch, entry.start)).collect();
    format!("{start}end={} hw={hw} cache=[{}] log={}", log.end, cache.join(", "), runs(&log.cells))
}

/// Runs of records of one epoch: `0x3,1x1`; `-` for none.
fn runs(cells: &[CellView]) -> String {
    let mut found: Vec<(u32, u64)> = Vec::new();
    for cell in cells {
        match found.last_mut() {
            Some((epoch, count)) if *epoch == cell.epoch.0 => *count += 1,
            _ => found.push((cell.epoch.0, 1)),
        }
    }
    let shown: Vec<String> = found.iter().map(|(epoch, count)| format!("{epoch}x{count}")).collect();
    if shown.is_empty() { String::from("-") } else { shown.join(",") }
}

fn log(view: &ClusterView, partition: TopicPartition, broker: NodeId) -> Result<String, String> {
    let copies =
        view.partitions.iter().filter(|found| found.partition == partition).flat_map(|found| &found.copies);
    let copy = copies.clone().find(|copy| copy.broker == broker);
    let copy = copy.ok_or_else(|| format!("{broker} holds no replica of it"))?;
    Ok(lines(copy.log.cells.iter().map(|cell| {
        let mut line = format!("{} epoch={}", cell.offset, cell.epoch);
        if let Some(record) = cell.record {
            line.push_str(&format!(" {}#{}", record.producer, record.value));
            if !record.key.is_empty() {
                line.push_str(&format!(" key={}", record.key));
            }
        }
        line.push_str(if cell.committed { " committed" } else { "" });
        line.push_str(if cell.acknowledged { " acknowledged" } else { "" });
        line
    })))
}

fn quorum(controller: &ControllerView) -> String {
    if controller.health == Health::Down {
        return format!("{} down epoch={} end={}", controller.id, controller.epoch, controller.log.end);
    }
    let hw = controller.log.hw.map_or(String::from("unknown"), |hw| format!("{hw}"));
    format!(
        "{} {:?} epoch={} leader={} voted={} end={} hw={hw}{}",
        controller.id,
        controller.role,
        controller.epoch,
        node(controller.leader),
        node(controller.voted),
        controller.log.end,
        if controller.active { " active" } else { "" }
    )
}

fn producer(producer: &ProducerView) -> String {
    let mut line =
        format!("{} acknowledged={} failed={}", producer.id, producer.acknowledged, producer.failed);
    let in_flight: u32 = producer.in_flight.iter().map(|batch| batch.count).sum();
    if producer.queued + in_flight > 0 {
        line.push_str(&format!(" queued={} in-flight={in_flight}", producer.queued));
    }
    if !producer.last_error.is_none() {
        line.push_str(&format!(" last-error={}", producer.last_error.name()));
    }
    line
}

fn consumer(consumer: &ConsumerView, names: &Names) -> String {
    let positions: Vec<String> = consumer
        .positions
        .iter()
        .map(|(partition, offset)| format!("{}@{offset}", names.show(*partition)))
        .collect();
    format!("{} consumed={} positions=[{}]", consumer.id, consumer.consumed, positions.join(", "))
}
