//! Refinement: what the replicas of a run do is what the abstract model of KIP-320 allows.
//!
//! For every step of a broker with one partition, the actions of the model (`kraftscope-models`) are looked for that
//! lead from the model's state to what the replica has become: none, or as many as records were appended or committed.
//! An action whose guard does not hold, or that leads elsewhere, is a mismatch. The guards are the model's own.
//!
//! In the model an action reads the other replica at that very moment; in Kafka it read it when the message was sent.
//! So the other replica is shown as it was within the epoch of the action: a leader with the log of its reign, which
//! only grows, even if it has moved on; a follower with the log that it had in that epoch, if that was the beginning
//! of the leader's. A follower takes an epoch up when its log has become one with the leader's, not when it hears of
//! it. Those steps commute with everything that they are moved across.
//!
//! More than the model has: a crash that keeps the log lets a replica forget its epoch and some of its high watermark,
//! or recall what that was before it followed a leader that knew less; the controller takes members out of the ISR
//! without a new epoch, which is always safe; who joins may have reached the start of the epoch before the high
//! watermark has (KAFKA-7128, where the model waits for that).
//!
//! Two rules of KIP-320 show only where the first is missing: that the high watermark counts, and that an expansion
//! follows, fetches of the leader's own epoch (`hw_counts_current_epoch_only`, `expansion_needs_current_epoch`). A leader
//! that checks the epoch of fetches hears of no other, and what it knew of followers is forgotten or known anew when its
//! epoch begins: nothing is left that the two could refuse. Without that check a follower that truncates on fetch still
//! tells with it that its log has parted, and the fetch does not count; so the high watermark's rule shows where
//! followers ask before they fetch, as they did until 2.6.
//!
//! Outside the model, so that nothing is compared any more: a log that lost records in a crash, an unclean election,
//! a replica whose log was deleted, a log that begins later.
//! Source: Kip320.tla, AsyncIsr.tla (the maximal ISR).

mod shadow;
mod view;

use kraftscope_core::id::{NodeId, NodeKind, NodeList, Offset, StepId, TopicId, TopicPartition};
use kraftscope_core::note::{LeaderChoice, Note};
use kraftscope_core::process::Process;
use kraftscope_core::record::Record;
use kraftscope_core::replication::{IsrState, Partition, ReplicaLog};
use kraftscope_core::sim::world::Slot;
use kraftscope_core::sim::{Sim, Step};
use kraftscope_models::replicas::{Entry, LeaderAndIsr, Replica, ReplicaSet, Replicas};
use kraftscope_models::rules::{Action, Rules, apply, enabled};
use kraftscope_models::spec::Spec;
use kraftscope_models::words;
use shadow::{Reign, Shadow};
use view::{Held, View};

/// The partition that is compared.
pub const PARTITION: TopicPartition = TopicPartition { topic: TopicId(0), partition: 0 };

const RULES: Rules = Rules::of(Spec::Kip320);

/// A step that is none of the model's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which event.
    pub event: StepId,
    /// Of which broker.
    pub node: NodeId,
    /// What it did, as far as that can be said in the words of the model.
    pub did: &'static str,
    /// The model's state, in which that is not allowed.
    pub model: String,
    /// What the replica has become.
    pub cluster: String,
}

/// A run held against the model.
#[derive(Clone, Debug, Default)]
pub struct Refinement {
    shadows: Vec<Shadow>,
    /// In the order in which they began.
    reigns: Vec<Reign>,
    /// Who leads which epoch.
    requests: Vec<(u32, Replica)>,
    /// The run has left what the model knows.
    outside: bool,
    steps: u64,
}

/// A broker's replica as it is now.
#[derive(Clone, Copy)]
struct Now<'a> {
    me: Replica,
    partition: &'a Partition,
    replica: &'a ReplicaLog,
    slot: &'a Slot,
}

type Verdict = Result<(), &'static str>;

fn replica_of(id: NodeId) -> Replica {
    (id.number() - 1) as Replica
}

fn set(list: &NodeList) -> ReplicaSet {
    list.iter().fold(0, |set, id| set | 1 << replica_of(id))
}

fn entry(of: &kraftscope_core::record::Entry<Record>) -> Entry {
    let id = u32::from(of.body.producer.0) << 24 | of.body.value;
    Entry { id, epoch: of.epoch.0 }
}

impl Now<'_> {
    fn end(&self) -> u32 {
        self.replica.log.end().0 as u32
    }

    fn epoch(&self) -> u32 {
        self.partition.leader_epoch.0
    }

    fn leader(&self) -> Option<Replica> {
        match self.partition.as_follower() {
            None => Some(self.me),
            Some(following) => following.leader.map(replica_of),
        }
    }

    fn entries(&self, from: u32) -> impl Iterator<Item = Entry> {
        let from = Offset(u64::from(from));
        self.replica.log.iter(from, self.replica.log.end()).map(|(_, found)| entry(found))
    }
}

impl Refinement {
    /// How many actions of the model were taken.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether the run has left what the model knows.
    pub const fn is_outside(&self) -> bool {
        self.outside
    }

    /// Looks at the step that was just made.
    ///
    /// # Errors
    /// When it is none of the model's.
    pub fn see(&mut self, sim: &Sim, step: &Step) -> Result<(), Mismatch> {
        let broker = step.node.filter(|node| node.kind() == NodeKind::Broker);
        let Some(slot) = broker.and_then(|broker| sim.world().slot(broker)) else {
            self.outside |= step.notes.iter().any(is_unclean);
            return Ok(());
        };
        if self.outside {
            return Ok(());
        }
        if self.shadows.is_empty() {
            self.shadows.resize_with(usize::from(sim.world().genesis.brokers), Shadow::default);
        }
        let me = replica_of(slot.id);
        let Some(process) = slot.process.as_ref().and_then(Process::broker) else {
            self.on_down(me, slot);
            return Ok(());
        };
        let Some(partition) = process.replicas.partition(PARTITION) else { return Ok(()) };
        let Some(replica) = process.replicas.disk.replicas.get(&PARTITION) else { return Ok(()) };
        let now = Now { me, partition, replica, slot };
        self.follow(now).map_err(|did| self.mismatch(step.event, now, did))
    }

    fn mismatch(&self, event: StepId, now: Now<'_>, did: &'static str) -> Mismatch {
        let model = words::state(&self.view(now.me, None));
        let log: Vec<Entry> = now.entries(0).collect();
        let belief = LeaderAndIsr {
            epoch: Some(now.epoch()),
            leader: now.leader(),
            isr: set(&now.partition.maximal_isr()),
        };
        let mut view = self.view(now.me, None);
        view.replicas[usize::from(now.me)] = Held::new(&log, now.end(), now.partition.hw.0 as u32, belief);
        let cluster = words::state(&view);
        Mismatch { event, node: now.slot.id, did, model, cluster }
    }

    fn shadow(&mut self, replica: Replica) -> &mut Shadow {
        &mut self.shadows[usize::from(replica)]
    }

    fn reign(&self, epoch: u32) -> Option<&Reign> {
        self.reigns.iter().rev().find(|reign| reign.epoch == epoch)
    }

    /// The log of the leader of this epoch, as far as it wrote it in that epoch.
    fn reign_log(&self, epoch: u32) -> Option<&[Entry]> {
        self.reign(epoch).map(|reign| {
            if reign.lasts { &self.shadows[usize::from(reign.leader)].log[..] } else { &reign.log[..] }
        })
    }

    /// The state as the model has it for an action of `me` in `epoch`: the others as they were in it.
    fn view(&self, me: Replica, epoch: Option<u32>) -> View<'_> {
        let replicas = (0..self.shadows.len() as Replica).map(|replica| {
            if replica == me || epoch.is_none() {
                self.own(replica)
            } else {
                epoch.map_or_else(|| self.own(replica), |epoch| self.within(replica, epoch))
            }
        });
        let leader = epoch.and_then(|epoch| self.reign(epoch)).map(|reign| reign.leader);
        let quorum = LeaderAndIsr { epoch, leader, isr: 0 };
        View { replicas: replicas.collect(), quorum, requests: &self.requests, next_id: 0 }
    }

    /// A replica as it is.
    fn own(&self, replica: Replica) -> Held<'_> {
        let shadow = &self.shadows[usize::from(replica)];
        let leads =
            |epoch| self.requests.iter().rev().find(|(of, _)| *of == epoch).map(|&(_, leader)| leader);
        let epoch = shadow.taken_up;
        let belief = LeaderAndIsr { epoch, leader: epoch.and_then(leads), isr: shadow.isr };
        Held::new(&shadow.log, shadow.end(), shadow.hw, belief)
    }

    /// A replica as it was within an epoch; as one that knows nothing when it was not in it, or its log had parted.
    fn within(&self, replica: Replica, epoch: u32) -> Held<'_> {
        let nothing = Held::new(&[], 0, 0, LeaderAndIsr::default());
        let (Some(reign), Some(log)) = (self.reign(epoch), self.reign_log(epoch)) else { return nothing };
        let shadow = &self.shadows[usize::from(replica)];
        let belief = LeaderAndIsr { epoch: Some(epoch), leader: Some(reign.leader), isr: shadow.isr };
        if reign.leader == replica {
            return Held::new(log, log.len() as u32, reign.hw, belief);
        }
        match shadow.tip_in(epoch).filter(|tip| tip.is_in(log)) {
            Some(tip) => Held::new(log, tip.end, 0, belief),
            None => nothing,
        }
    }

    /// The process ended: it forgets its epoch. A log that is shorter has lost records.
    fn on_down(&mut self, me: Replica, slot: &Slot) {
        let kept = slot.disk.replicas.replicas.get(&PARTITION).map_or(0, |replica| replica.log.end().0);
        self.outside |= kept < u64::from(self.shadow(me).end());
        self.leave(me);
    }

    fn leave(&mut self, me: Replica) {
        let shadow = &mut self.shadows[usize::from(me)];
        let Some(epoch) = shadow.epoch.take() else { return };
        let tip = shadow.tip();
        shadow.left.push((epoch, tip));
        (shadow.leader, shadow.taken_up, shadow.isr) = (None, None, 0);
        let reign = self.reigns.iter_mut().find(|reign| reign.lasts && reign.leader == me);
        if let Some(reign) = reign {
            (reign.lasts, reign.log) = (false, shadow.log.clone());
        }
    }

    fn follow(&mut self, now: Now<'_>) -> Verdict {
        if now.replica.log.start() > Offset(0) {
            self.outside = true;
            return Ok(());
        }
        if self.shadow(now.me).life != now.slot.incarnation {
            self.leave(now.me);
            let hw = now.partition.hw.0 as u32;
            let shadow = self.shadow(now.me);
            shadow.life = now.slot.incarnation;
            shadow.hw = shadow.furthest_hw.min(hw);
        }
        let shadow = &self.shadows[usize::from(now.me)];
        if shadow.epoch != Some(now.epoch()) || shadow.leader != now.leader() {
            self.become_role(now)?;
        }
        let shadow = &self.shadows[usize::from(now.me)];
        if shadow.truncations != now.replica.log.truncations() || now.end() < shadow.end() {
            self.truncate(now)?;
        }
        if now.end() > self.shadow(now.me).end() {
            self.append(now)?;
        }
        self.change_isr(now)?;
        self.move_hw(now)
    }

    /// Hears of an epoch. A leader takes it up at once.
    fn become_role(&mut self, now: Now<'_>) -> Verdict {
        let (epoch, me) = (now.epoch(), now.me);
        let before = self.shadow(me).taken_up;
        self.leave(me);
        (self.shadow(me).epoch, self.shadow(me).leader, self.shadow(me).taken_up) =
            (Some(epoch), now.leader(), before);
        let Some(leader) = now.leader() else { return Ok(()) };
        match self.requests.iter().find(|(of, _)| *of == epoch) {
            Some(&(_, known)) if known != leader => return Err("follows another leader of an epoch"),
            Some(_) => {}
            None => self.requests.push((epoch, leader)),
        }
        if leader != me {
            return Ok(());
        }
        if !enabled(RULES, &self.view(me, None), Action::BecomeLeader { epoch }) {
            return Err("takes office in an epoch that is over");
        }
        self.steps += 1;
        let hw = self.shadow(me).hw;
        (self.shadow(me).taken_up, self.shadow(me).isr) = (Some(epoch), set(&now.partition.maximal_isr()));
        match self.reigns.iter_mut().find(|reign| reign.epoch == epoch) {
            Some(reign) => reign.lasts = true,
            None => self.reigns.push(Reign { epoch, leader: me, lasts: true, log: Vec::new(), hw }),
        }
        Ok(())
    }

    /// What a follower that takes its epoch up would have left of its log; `None` when it may not.
    fn truncation_point(&self, me: Replica, epoch: u32) -> Option<u32> {
        let action = Action::BecomeFollower { replica: me, epoch };
        let mut view = self.view(me, Some(epoch));
        enabled(RULES, &view, action).then(|| {
            apply(RULES, &mut view, action);
            view.end(me)
        })
    }

    fn truncate(&mut self, now: Now<'_>) -> Verdict {
        let (me, epoch) = (now.me, now.epoch());
        let shadow = self.shadow(me);
        shadow.truncations = now.replica.log.truncations();
        let same =
            shadow.log.iter().zip(now.entries(0)).take_while(|(mine, its)| *mine == its).count() as u32;
        if same == shadow.end() {
            return Ok(());
        }
        if now.partition.is_leader() {
            return Err("truncates its log while it leads");
        }
        let Some(point) = self.truncation_point(me, epoch) else {
            return Err("truncates, and no leader of its epoch has begun");
        };
        if same < point {
            return Err("truncates records that its leader has");
        }
        self.steps += u64::from(same == point);
        let shadow = self.shadow(me);
        shadow.log.truncate(same as usize);
        shadow.hw = shadow.hw.min(same);
        if same == point {
            shadow.taken_up = Some(epoch);
        }
        Ok(())
    }

    fn append(&mut self, now: Now<'_>) -> Verdict {
        let (me, epoch) = (now.me, now.epoch());
        let action = match now.leader() {
            Some(leader) if leader == me => Action::LeaderWrite { leader },
            Some(leader) => Action::FollowerFetch { follower: me, leader },
            None => return Err("appends a record while it knows no leader"),
        };
        if self.shadow(me).taken_up != Some(epoch) {
            if self.truncation_point(me, epoch) != Some(self.shadow(me).end()) {
                return Err("appends a record to a log that has parted from its leader's");
            }
            self.steps += 1;
            self.shadow(me).taken_up = Some(epoch);
        }
        let from = self.shadow(me).end();
        let fresh: Vec<Entry> = now.entries(from).collect();
        let mut view = self.view(me, Some(epoch));
        for (offset, &written) in (from..).zip(&fresh) {
            view.next_id = written.id;
            if !enabled(RULES, &view, action) {
                return Err("appends a record that its leader has not, in this epoch");
            }
            apply(RULES, &mut view, action);
            if view.entry(me, offset) != Some(written) {
                return Err("appends another record than its leader has, or of another epoch");
            }
        }
        self.steps += fresh.len() as u64;
        self.shadow(me).log.extend(fresh);
        Ok(())
    }

    /// A leader asks for somebody to join: that one counts from now on.
    fn change_isr(&mut self, now: Now<'_>) -> Verdict {
        let Some(leader) = now.partition.as_leader() else { return Ok(()) };
        let isr = set(&leader.isr.maximal());
        let before = std::mem::replace(&mut self.shadow(now.me).isr, isr);
        let IsrState::PendingExpand { joining, .. } = leader.isr else { return Ok(()) };
        let joining = replica_of(joining);
        if before & 1 << joining != 0 {
            return Ok(());
        }
        let mut view = self.view(now.me, Some(now.epoch()));
        view.believe_isr(now.me, before);
        // Who has reached the start of the epoch need not wait for the high watermark to do so.
        view.set_hw(now.me, view.hw(now.me).max(view.end(joining)));
        if !enabled(RULES, &view, Action::LeaderExpandIsr { leader: now.me, replica: joining }) {
            return Err("takes in a follower that has not caught up in this epoch");
        }
        self.steps += 1;
        Ok(())
    }

    fn move_hw(&mut self, now: Now<'_>) -> Verdict {
        let (me, hw, known) = (now.me, now.partition.hw.0 as u32, self.shadow(now.me).hw);
        if hw == known {
            return Ok(());
        }
        if now.partition.is_leader() {
            if hw < known {
                return Err("takes its high watermark back while it leads");
            }
            let mut view = self.view(me, Some(now.epoch()));
            for _ in known..hw {
                if !enabled(RULES, &view, Action::LeaderIncHighWatermark { leader: me }) {
                    return Err("commits a record that a member of the ISR has not, in this epoch");
                }
                apply(RULES, &mut view, Action::LeaderIncHighWatermark { leader: me });
            }
            self.steps += u64::from(hw - known);
            let reign = self.reigns.iter_mut().find(|reign| reign.lasts && reign.leader == me);
            if let Some(reign) = reign {
                reign.hw = reign.hw.max(hw);
            }
        } else if hw > known && self.reign(now.epoch()).is_none_or(|reign| hw > reign.hw) {
            return Err("knows of a higher high watermark than its leader ever had");
        }
        let shadow = self.shadow(me);
        (shadow.hw, shadow.furthest_hw) = (hw, shadow.furthest_hw.max(hw));
        Ok(())
    }
}

/// Whether a leader was elected that may lack committed records.
const fn is_unclean(note: &Note) -> bool {
    matches!(note, Note::LeaderElected { choice: LeaderChoice::Unclean | LeaderChoice::LastKnown, .. })
}
