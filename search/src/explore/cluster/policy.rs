//! What may happen in a cluster and when: channels, timers, acts, and the set-up.

use super::member::{Act, Member};
use super::{Bounds, CRASHES, ELECTIONS, FENCES, LAGS, LOSSY_CRASHES, RECORDS};
use crate::explore::world::{BUDGETS, Channel, Choice, Facts, MayFire, Place, Prelude};
use kraftscope_core::id::{NodeId, NodeKind, NodeList, Text};
use kraftscope_core::kraft::Quorum;
use kraftscope_core::metadata::lifecycle::BrokerState;
use kraftscope_core::node::{Command, Loss, Timer};
use kraftscope_core::process::Broker;
use kraftscope_core::wire::Message;

/// Requests of the metadata quorum.
const QUORUM: Channel = 0;
/// Registrations and heartbeats.
const LIFE: Channel = 1;
/// Fetches of data, and ISR changes.
const REPLICATION: Channel = 2;

pub(super) const fn channel(message: &Message) -> Channel {
    if Quorum::handles_message(message) {
        QUORUM
    } else if is_of_life(message) {
        LIFE
    } else {
        REPLICATION
    }
}

const fn is_of_life(message: &Message) -> bool {
    matches!(
        message,
        Message::BrokerRegistrationRequest(_)
            | Message::BrokerRegistrationResponse(_)
            | Message::BrokerHeartbeatRequest(_)
            | Message::BrokerHeartbeatResponse(_)
    )
}

/// What arrives before anything else happens: registrations and heartbeats, of which only the outcome makes a
/// difference; and a broker's requests, unless they are `slow`. One that waits is as good as one that is sent later, if
/// its sender does not change its mind meanwhile.
pub(super) fn is_eager(message: &Message, slow: bool) -> bool {
    match message {
        Message::MetadataFetchRequest(request) => request.replica.id.kind() == NodeKind::Broker,
        Message::FetchRequest(_)
        | Message::OffsetForLeaderEpochRequest(_)
        | Message::ListOffsetsRequest(_)
        | Message::AlterPartitionRequest(_) => !slow,
        _ => is_of_life(message),
    }
}

pub(super) fn facts(ids: &[NodeId], member: &Member) -> Facts {
    let Some(process) = member.process() else {
        return Facts { silent: !member.is_powered(), ..Facts::default() };
    };
    let mut facts = Facts { up: true, ..Facts::default() };
    let place_of = |id: NodeId| ids.iter().position(|&other| other == id);
    if let Some(quorum) = process.quorum() {
        for (place, &id) in ids.iter().enumerate() {
            facts.awaits[usize::from(QUORUM)] |= u8::from(quorum.connections().awaits(id)) << place;
        }
        for parked in quorum.role().as_leader().into_iter().flat_map(|leader| leader.parked()) {
            if let Some(place) = place_of(parked.from) {
                facts.parked[usize::from(QUORUM)][place] |= 1 << parked.correlation.0;
            }
        }
    }
    let Some(broker) = process.broker() else { return facts };
    facts.closed = !broker.accepts_connections();
    // Its channel to the controller is not looked into: an answer that it does not expect is ignored.
    facts.awaits[usize::from(LIFE)] = u8::MAX;
    for (place, &id) in ids.iter().enumerate() {
        let fetches = broker.replicas.fetchers().get(&id).is_some_and(|it| it.in_flight().is_some());
        let alters = broker.replicas.alter_partition().in_flight_to() == Some(id);
        facts.awaits[usize::from(REPLICATION)] |= u8::from(fetches || alters) << place;
    }
    for (_, fetch) in broker.replicas.delayed_fetches().iter() {
        if let Some(place) = place_of(fetch.from) {
            facts.parked[usize::from(REPLICATION)][place] |= 1 << fetch.correlation.0;
        }
    }
    facts
}

/// A fetch of an epoch that this broker has left behind, or that another one leads, is refused.
pub(super) fn is_dead(member: &Member, request: &Message) -> bool {
    let (Message::FetchRequest(request), Some(broker)) = (request, member.broker()) else { return false };
    request.partitions.iter().all(|asked| {
        let known = broker.replicas.partition(asked.partition);
        known.zip(asked.current_leader_epoch).is_some_and(|(known, epoch)| {
            epoch < known.leader_epoch || (epoch == known.leader_epoch && !known.is_leader())
        })
    })
}

pub(super) fn parking_timer(member: &Member, from: NodeId, channel: Channel) -> Option<Timer> {
    if channel == QUORUM {
        return Some(Timer::ParkedFetch(from));
    }
    let broker = member.broker()?;
    let parked = broker.replicas.delayed_fetches().iter().find(|(_, fetch)| fetch.from == from);
    parked.map(|(key, _)| Timer::DelayedFetch(key))
}

pub(super) fn may_fire(controllers: &NodeList, member: &Member, timer: Timer) -> MayFire {
    let controller = controllers.first().unwrap_or_default();
    match member.broker() {
        Some(broker) => match timer {
            Timer::Heartbeat if needs_heartbeat(broker) => MayFire::Soon,
            Timer::HeartbeatRequest => MayFire::WhenLost(controller, LIFE),
            Timer::AlterPartitionRequest => MayFire::WhenLost(controller, REPLICATION),
            Timer::ReplicaFetchRequest(leader) => MayFire::WhenLost(leader, REPLICATION),
            Timer::QuorumRequest(node) => MayFire::WhenLost(node, QUORUM),
            Timer::IsrCheck if has_lagging_member(broker) => MayFire::AtCost(LAGS),
            Timer::DelayedFetch(key) => {
                let fetch = broker.replicas.delayed_fetches().get(key);
                fetch.map_or(MayFire::Never, |fetch| MayFire::WithNews(fetch.from))
            }
            Timer::AlterPartitionRetry | Timer::ReplicaFetchBackoff(_) | Timer::QuorumBackoff(_) => {
                MayFire::Soon
            }
            _ => MayFire::Never,
        },
        None => of_controller(controllers, member, timer),
    }
}

fn of_controller(controllers: &NodeList, member: &Member, timer: Timer) -> MayFire {
    let Some(controller) = member.controller() else { return MayFire::Never };
    let parked = controller.quorum.role().as_leader().map_or(&[][..], |leader| leader.parked());
    let voters = parked.iter().filter(|parked| controllers.contains(parked.from)).count() as u32;
    match timer {
        Timer::QuorumRequest(node) => MayFire::WhenLost(node, QUORUM),
        Timer::QuorumFetch => match controller.quorum.leader() {
            Some(leader) => MayFire::UnlessParked(leader, QUORUM),
            None => MayFire::Always,
        },
        Timer::CheckQuorum if voters >= controllers.len() / 2 => MayFire::Hastily,
        Timer::BeginQuorumEpoch if voters + 1 >= controllers.len() => MayFire::Never,
        Timer::Election | Timer::CheckQuorum | Timer::BeginQuorumEpoch | Timer::QuorumBackoff(_) => {
            MayFire::Always
        }
        Timer::ParkedFetch(node) => {
            let known = (controller.quorum.log().end(), controller.quorum.high_watermark());
            let old = parked.iter().find(|parked| parked.from == node);
            let news = old.is_some_and(|old| (old.fetch_offset, old.high_watermark) != known);
            if news { MayFire::Always } else { MayFire::Never }
        }
        _ => MayFire::Never,
    }
}

/// A broker that is not at work, or that knows that it is fenced, has something to say to the controller.
fn needs_heartbeat(broker: &Broker) -> bool {
    let me = broker.id;
    broker.state() != BrokerState::Running || !broker.image.is_active(me)
}

/// It leads, nothing is asked of the controller, and some member of the ISR is behind.
fn has_lagging_member(broker: &Broker) -> bool {
    broker.replicas.partitions().iter().any(|(id, partition)| {
        let end = broker.replicas.disk.replicas.get(id).map(|copy| copy.leo());
        partition.as_leader().is_some_and(|leader| {
            let me = broker.id;
            let mut others = leader.isr.committed().iter().filter(|&member| member != me).collect::<Vec<_>>();
            others.retain(|&member| leader.follower(member).and_then(|it| it.leo) != end);
            !leader.isr.is_in_flight() && !others.is_empty()
        })
    })
}

/// The leader has a high watermark that its follower does not have: a fetch that is held back would tell it.
pub(super) fn has_news(leader: &Member, follower: &Member) -> bool {
    let hw = |member: &Member| {
        let partition = member.broker().and_then(|broker| broker.replicas.partitions().values().next());
        partition.map(|partition| partition.hw)
    };
    hw(leader) != hw(follower)
}

pub(super) fn choices(members: &[&Member], spent: &[u8; BUDGETS], visit: &mut dyn FnMut(Choice<Act>)) {
    for (place, member) in members.iter().enumerate() {
        let place = place as Place;
        let mut choose = |act, budget, slow, breaks_connections| {
            visit(Choice { place, act, budget, slow, breaks_connections });
        };
        if member.process().is_none() {
            choose(Act::Start, None, true, !member.is_powered());
            continue;
        }
        if let Some(broker) = member.broker() {
            choose(Act::Crash(Loss::Nothing), Some(CRASHES), false, true);
            choose(Act::Crash(Loss::Unflushed), Some(LOSSY_CRASHES), false, false);
            for (&id, partition) in broker.replicas.partitions() {
                let me = member.id();
                let known = broker.image.is_active(me)
                    && broker.image.partitions.get(&id).is_some_and(|known| known.leader == Some(me));
                if partition.is_leader() && known {
                    choose(Act::Write(id, spent[RECORDS] + 1), Some(RECORDS), false, false);
                }
            }
        }
        let Some(controller) = member.controller() else { continue };
        if members.iter().filter(|member| member.controller().is_some()).count() > 2 {
            choose(Act::Crash(Loss::Nothing), Some(CRASHES), false, true);
        }
        if !controller.control.is_active() {
            continue;
        }
        let image = controller.control.image();
        for &broker in image.brokers.keys().filter(|&&broker| image.is_active(broker)) {
            choose(Act::Call(Command::FenceBroker(broker)), Some(FENCES), false, false);
        }
        for (&partition, state) in &image.partitions {
            let preferred = state.replicas.first();
            if preferred != state.leader && preferred.is_some_and(|id| state.isr.contains(id)) {
                let elect = Command::ElectLeader { partition, unclean: false };
                choose(Act::Call(elect), Some(ELECTIONS), false, false);
            }
        }
    }
}

/// Until the topic exists and everybody is in sync, heartbeats are sent whenever all is quiet.
pub(super) fn prelude(bounds: &Bounds, members: &[&Member]) -> Option<Prelude<Act>> {
    let brokers = || members.iter().filter_map(|member| member.broker());
    let active = members
        .iter()
        .position(|member| member.controller().is_some_and(|controller| controller.control.is_active()));
    let Some(place) = active else {
        return Some(Prelude::Fire(0, Timer::Election));
    };
    let image = members[place].controller().map(|controller| controller.control.image())?;
    let unfenced = image.brokers.keys().filter(|&&id| image.is_active(id)).count();
    if image.topics.is_empty() && unfenced == usize::from(bounds.brokers) {
        return Some(Prelude::Act(place as Place, Act::Call(create_topic(bounds))));
    }
    let waiting = members.iter().position(|member| member.broker().is_some_and(needs_heartbeat));
    if let Some(waiting) = waiting {
        return Some(Prelude::Fire(waiting as Place, Timer::Heartbeat));
    }
    let knows = |broker: &Broker| !broker.replicas.partitions().is_empty();
    let fetches = |broker: &Broker| {
        broker.replicas.partitions().values().all(|partition| {
            let followers =
                partition.as_leader().map_or(0, |_| broker.replicas.delayed_fetches().iter().count());
            !partition.is_leader() || followers == usize::from(bounds.brokers) - 1
        })
    };
    let ready = brokers().all(|broker| knows(broker) && fetches(broker));
    // While messages are on their way, they come before this timer.
    (!ready).then_some(Prelude::Fire(place as Place, Timer::NoOp))
}

pub(super) fn create_topic(bounds: &Bounds) -> Command {
    Command::CreateTopic {
        name: Text::new("orders").unwrap_or_default(),
        partitions: 1,
        replication_factor: u16::from(bounds.brokers),
        first_broker: Some(NodeId::broker(1)),
    }
}
