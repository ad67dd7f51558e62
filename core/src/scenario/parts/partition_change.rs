//! `component: partition-change`: what `PartitionChangeBuilder` makes of one registration.

use super::{Component, Part};
use crate::id::{LeaderEpoch, NodeList, PartitionEpoch};
use crate::metadata::change::{Built, Election, PartitionChangeBuilder};
use crate::metadata::reassignment::{Reassignment, Revert};
use crate::note::LeaderChoice;
use crate::record::{LeaderRecoveryState, PartitionChange, PartitionRegistration};
use crate::release::Release;
use crate::scenario::command::{Command, Verb, broker, brokers, one_of, or_none, show_broker, small, truth};
use crate::switches::Features;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;

pub(super) const COMPONENT: Component = Component {
    name: "partition-change",
    about: "one partition's registration and the record that changes it (PartitionChangeBuilder)",
    verbs: &[
        Verb {
            usage: "partition replicas=LIST isr=LIST leader=ID|none [leader-epoch=N] [partition-epoch=N] \
                    [recovery=RECOVERED|RECOVERING] [removing=LIST] [adding=LIST] [elr=LIST] \
                    [last-known-elr=LIST]",
            about: "Sets the registration; epochs are 100 and 200 unless said, as in Kafka's test.",
        },
        Verb {
            usage: "acceptable LIST",
            about: "Who may lead: the active brokers. Unless said, all replicas.",
        },
        Verb { usage: "release NAME", about: "Builds as this release did; the newest unless said." },
        Verb { usage: "switch NAME VALUE", about: "Turns one switch: `switch elr off`." },
        Verb { usage: "min-isr N", about: "The effective min.insync.replicas; 2 unless said." },
        Verb {
            usage: "build [election=preferred|online|unclean] [isr=LIST] [recovery=RECOVERED|RECOVERING] \
                    [replicas=LIST] [removing=LIST] [adding=LIST] [reassign=LIST] [unclean-shutdown=LIST] \
                    [use-last-known-leader=on|off] [revert]",
            about: "Prints the record for this target, and the registration that it would lead to. `reassign` \
                    asks for these replicas, `revert` cancels a reassignment; `unclean-shutdown` names who came \
                    back without a clean shutdown.",
        },
        Verb {
            usage: "apply [election=preferred|online|unclean] [isr=LIST] [recovery=RECOVERED|RECOVERING] \
                    [replicas=LIST] [removing=LIST] [adding=LIST] [reassign=LIST] [unclean-shutdown=LIST] \
                    [use-last-known-leader=on|off] [revert]",
            about: "The same, and keeps the new registration.",
        },
        Verb {
            usage: "elect [election=preferred|online|unclean] [isr=LIST]",
            about: "Prints only who would lead after `build`, and whether the election is unclean.",
        },
        Verb { usage: "show", about: "Prints the registration." },
    ],
    new: || {
        Box::new(PartitionChangePart {
            registration: None,
            acceptable: None,
            features: Release::default().features(),
            min_isr: 2,
        })
    },
};

#[derive(Debug)]
struct PartitionChangePart {
    registration: Option<PartitionRegistration>,
    acceptable: Option<NodeList>,
    features: Features,
    min_isr: u32,
}

const ELECTIONS: &[(&str, Election)] =
    &[("preferred", Election::Preferred), ("online", Election::Online), ("unclean", Election::Unclean)];

/// Names of the recovery states, as Kafka spells them.
pub(super) const RECOVERY: &[(&str, LeaderRecoveryState)] =
    &[("RECOVERED", LeaderRecoveryState::Recovered), ("RECOVERING", LeaderRecoveryState::Recovering)];

impl Part for PartitionChangePart {
    fn run(&mut self, command: &Command<'_>) -> Result<String, String> {
        match command.verb {
            "partition" => {
                self.registration = Some(registration(command)?);
                self.acceptable = None;
                Ok(String::new())
            }
            "acceptable" => {
                self.acceptable = Some(command.read(0, brokers)?);
                Ok(String::new())
            }
            "release" => {
                let name = command.at(0).unwrap_or_default();
                let release = Release::parse(name).ok_or_else(|| format!("'{name}' is no release"))?;
                self.features = release.features();
                Ok(String::new())
            }
            "switch" => {
                let (name, value) = (command.at(0).unwrap_or_default(), command.at(1).unwrap_or_default());
                self.features.set(name, value).map(|()| String::new())
            }
            "min-isr" => {
                self.min_isr = command.read(0, small)?;
                Ok(String::new())
            }
            "show" => Ok(show_registration(self.registration()?)),
            _ => self.build(command),
        }
    }
}

impl PartitionChangePart {
    fn registration(&self) -> Result<&PartitionRegistration, String> {
        self.registration
            .as_ref()
            .ok_or_else(|| String::from("there is no partition yet: write 'partition …' first"))
    }

    fn build(&mut self, command: &Command<'_>) -> Result<String, String> {
        let old = *self.registration()?;
        let acceptable = self.acceptable.unwrap_or(old.replicas);
        let mut builder = PartitionChangeBuilder::new(old, acceptable, self.min_isr, &self.features);
        set_targets(&mut builder, &old, command)?;
        let built = builder.build();
        let new = built.map_or(old, |built| old.merge(&built.change));
        if command.verb == "elect" {
            let unclean = built.is_some_and(|built| {
                matches!(built.choice, Some(LeaderChoice::Unclean | LeaderChoice::LastKnown))
            });
            return Ok(format!(
                "leader={}{}",
                show_broker(new.leader),
                if unclean { " unclean" } else { "" }
            ));
        }
        let line = built.map_or(String::from("no record"), |Built { change, choice }| {
            format!("record{}{}", show_change(&change), show_choice(choice))
        });
        if command.verb == "apply" {
            self.registration = Some(new);
        }
        Ok(format!("{line}\n{}", show_registration(&new)))
    }
}

fn set_targets(
    builder: &mut PartitionChangeBuilder<'_>,
    old: &PartitionRegistration,
    command: &Command<'_>,
) -> Result<(), String> {
    let nobody = NodeList::EMPTY;
    if let Some(target) = command.maybe("reassign", brokers)? {
        let to = Reassignment::between(&old.replicas, &target);
        builder.target_replicas = to.replicas;
        (builder.target_removing, builder.target_adding) = (to.removing, to.adding);
    }
    if command.has("revert") {
        let revert = Revert::of(old).ok_or("every replica is being added: there is nothing to go back to")?;
        (builder.target_replicas, builder.target_isr) = (revert.replicas, revert.isr);
        (builder.target_removing, builder.target_adding) = (nobody, nobody);
    }
    builder.election = command.or("election", Election::Online, one_of(ELECTIONS))?;
    builder.target_isr = command.or("isr", builder.target_isr, brokers)?;
    builder.target_recovery = command.or("recovery", old.recovery, one_of(RECOVERY))?;
    builder.target_replicas = command.or("replicas", builder.target_replicas, brokers)?;
    builder.target_removing = command.or("removing", builder.target_removing, brokers)?;
    builder.target_adding = command.or("adding", builder.target_adding, brokers)?;
    builder.unclean_shutdown = command.or("unclean-shutdown", nobody, brokers)?;
    builder.use_last_known_leader = command.or("use-last-known-leader", true, truth)?;
    Ok(())
}

/// The registration that a command describes.
pub(super) fn registration(command: &Command<'_>) -> Result<PartitionRegistration, String> {
    let isr = command.need("isr", brokers)?;
    let mut registration = PartitionRegistration::new(command.need("replicas", brokers)?, isr);
    registration.leader = command.or("leader", isr.first(), or_none(broker))?;
    registration.leader_epoch = LeaderEpoch(command.or("leader-epoch", 100, small)?);
    registration.partition_epoch = PartitionEpoch(command.or("partition-epoch", 200, small)?);
    registration.recovery = command.or("recovery", LeaderRecoveryState::Recovered, one_of(RECOVERY))?;
    registration.removing = command.or("removing", NodeList::EMPTY, brokers)?;
    registration.adding = command.or("adding", NodeList::EMPTY, brokers)?;
    registration.elr = command.or("elr", NodeList::EMPTY, brokers)?;
    registration.last_known_elr = command.or("last-known-elr", NodeList::EMPTY, brokers)?;
    Ok(registration)
}

const fn show_choice(choice: Option<LeaderChoice>) -> &'static str {
    match choice {
        None => "",
        Some(LeaderChoice::Preferred) => " (preferred)",
        Some(LeaderChoice::InSync) => " (clean)",
        Some(LeaderChoice::Eligible) => " (eligible)",
        Some(LeaderChoice::LastKnown) => " (last known leader, unclean)",
        Some(LeaderChoice::Unclean) => " (unclean)",
    }
}

/// Kafka's name of a recovery state.
pub(super) const fn show_recovery(recovery: LeaderRecoveryState) -> &'static str {
    match recovery {
        LeaderRecoveryState::Recovered => "RECOVERED",
        LeaderRecoveryState::Recovering => "RECOVERING",
    }
}

/// The fields of a `PartitionChangeRecord` that are set, in the schema's order.
pub(super) fn show_change(change: &PartitionChange) -> String {
    let mut text = String::new();
    let mut list = |key: &str, value: Option<NodeList>| {
        if let Some(value) = value {
            text.push_str(&format!(" {key}={value}"));
        }
    };
    list("replicas", change.replicas);
    list("isr", change.isr);
    list("removing", change.removing);
    list("adding", change.adding);
    list("elr", change.elr);
    list("last-known-elr", change.last_known_elr);
    if let Some(leader) = change.leader {
        text.push_str(&format!(" leader={}", show_broker(leader)));
    }
    if let Some(recovery) = change.recovery {
        text.push_str(&format!(" recovery={}", show_recovery(recovery)));
    }
    text
}

/// A registration; lists that are usually empty only when they are not.
pub(super) fn show_registration(partition: &PartitionRegistration) -> String {
    let mut text = format!(
        "partition replicas={} isr={} leader={} leader-epoch={} partition-epoch={}",
        partition.replicas,
        partition.isr,
        show_broker(partition.leader),
        partition.leader_epoch,
        partition.partition_epoch
    );
    for (key, list) in [
        ("removing", partition.removing),
        ("adding", partition.adding),
        ("elr", partition.elr),
        ("last-known-elr", partition.last_known_elr),
    ] {
        if !list.is_empty() {
            text.push_str(&format!(" {key}={list}"));
        }
    }
    if partition.recovery == LeaderRecoveryState::Recovering {
        text.push_str(" recovery=RECOVERING");
    }
    text
}
