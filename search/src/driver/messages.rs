//! Faults of single messages: lost, doubled, late (F11, F12, F18).

use super::Driver;
use crate::fault::Fault;
use crate::script::{Act, PacketAct, PacketRef};
use kraftscope_core::id::NodeId;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_core::time::Span;

const MESSAGE_FAULTS: [Fault; 5] =
    [Fault::Loss, Fault::ResponseLoss, Fault::Duplicate, Fault::Delay, Fault::StaleControl];

/// Messages by which controller and brokers tell each other who leads and who is in sync.
fn is_control(api: &str) -> bool {
    matches!(
        api,
        "AlterPartition"
            | "BrokerRegistration"
            | "BrokerHeartbeat"
            | "BeginQuorumEpoch"
            | "EndQuorumEpoch"
            | "Vote"
            | "LeaderAndIsr"
            | "StopReplica"
    )
}

impl Driver {
    /// Fixes after how many messages the next one is disturbed.
    pub(super) fn plan_message(&mut self, sim: &Sim) {
        let any = self.present.iter().any(|(fault, _)| MESSAGE_FAULTS.contains(fault));
        self.next_message = if self.stormy && any {
            let gap = 2 * 1_000_000 / self.plan.messages.max(1);
            sim.messages() + 1 + u64::from(self.luck.below(gap))
        } else {
            u64::MAX
        };
    }

    /// A message of this step is disturbed.
    pub(super) fn disturb_message(&mut self, sim: &Sim, step: &Step, acts: &mut Vec<Act>) {
        self.plan_message(sim);
        let kinds: Vec<(Fault, u32)> =
            self.present.iter().copied().filter(|(fault, _)| MESSAGE_FAULTS.contains(fault)).collect();
        let Some(fault) = self.luck.weighted(&kinds) else { return };
        let sent = sim.queue().packets().filter(|(_, _, packet)| packet.cause == step.event);
        let sent: Vec<PacketRef> =
            sent.map(|(_, _, packet)| PacketRef::of(packet)).filter(|packet| fits(fault, packet)).collect();
        self.disturb(fault, &sent, acts);
    }

    /// A message that is in flight now is disturbed, one of `near` if there is any.
    pub(super) fn message_fault(
        &mut self,
        fault: Fault,
        near: Option<NodeId>,
        sim: &Sim,
        acts: &mut Vec<Act>,
    ) {
        let all: Vec<PacketRef> = sim
            .queue()
            .packets()
            .map(|(_, _, packet)| PacketRef::of(packet))
            .filter(|packet| fits(fault, packet))
            .collect();
        let of_near: Vec<PacketRef> = all
            .iter()
            .copied()
            .filter(|packet| near.is_some_and(|node| packet.from == node || packet.to == node))
            .collect();
        self.disturb(fault, if of_near.is_empty() { &all } else { &of_near }, acts);
    }

    fn disturb(&mut self, fault: Fault, among: &[PacketRef], acts: &mut Vec<Act>) {
        let Some(packet) = self.luck.pick(among) else { return };
        let late = PacketAct::Delay(self.luck.outage());
        let what = match fault {
            Fault::Loss | Fault::ResponseLoss => PacketAct::Drop,
            Fault::Duplicate => PacketAct::Duplicate,
            Fault::StaleControl if self.luck.percent(50) => PacketAct::Duplicate,
            _ => late,
        };
        acts.push(Act::Packet(packet, what));
        // Of two copies one is late, so that it arrives in another world.
        if what == PacketAct::Duplicate && self.luck.percent(70) {
            let by = self.luck.span(Span::millis(5), Span::secs(5));
            acts.push(Act::Packet(packet, PacketAct::Delay(by)));
        }
    }
}

fn fits(fault: Fault, packet: &PacketRef) -> bool {
    match fault {
        Fault::ResponseLoss => !packet.request && packet.api != "Disconnect",
        Fault::StaleControl => is_control(packet.api),
        // The coordinator tells a new assignment once (`GroupMetadataManager.consumerGroupHeartbeat`), in the answer to
        // whichever request comes first: that counts on TCP, which doubles nothing, and on a client that says
        // everything again after an answer that it missed. UpdateMetadata counts on it, too: a controller sends one at a
        // time, and a broker obeys whichever comes last (`ZkMetadataCache.updateMetadata`).
        Fault::Duplicate => !matches!(packet.api, "Disconnect" | "ConsumerGroupHeartbeat" | "UpdateMetadata"),
        _ => packet.api != "Disconnect",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kraftscope_core::time::Time;

    /// Source: `GroupMetadataManager.consumerGroupHeartbeat`: the assignment is only told when it has changed.
    /// `ZkMetadataCache.updateMetadata`: an earlier state of the cluster replaces a later one.
    #[test]
    fn what_counts_on_tcp_may_be_lost_but_not_doubled() {
        let (from, to) = (NodeId::consumer(1), NodeId::broker(1));
        let packet = |api| PacketRef { from, to, api, request: true, sent_at: Time::ZERO };
        assert!(fits(Fault::Duplicate, &packet("JoinGroup")));
        assert!(fits(Fault::Loss, &packet("ConsumerGroupHeartbeat")));
        assert!(!fits(Fault::Duplicate, &packet("ConsumerGroupHeartbeat")));
        assert!(fits(Fault::Loss, &packet("UpdateMetadata")));
        assert!(!fits(Fault::Duplicate, &packet("UpdateMetadata")));
        assert!(fits(Fault::Duplicate, &packet("LeaderAndIsr")));
    }
}
