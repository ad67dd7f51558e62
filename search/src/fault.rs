//! The catalogue of faults that a search may draw.
//!
//! Numbers are those of the literature's fault models put together (TigerBeetle, Jepsen, Kafka's own simulation
//! and system tests). Left out: everything of ZooKeeper mode (F19).

use serde::{Deserialize, Serialize};

macro_rules! faults {
    ($($id:ident $name:literal: $what:literal;)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Fault { $(#[doc = $what] $id,)+ }

        impl Fault {
            /// All of them.
            pub const ALL: &[Fault] = &[$(Fault::$id,)+];

            /// Its name: what a person writes.
            pub const fn name(self) -> &'static str {
                match self { $(Fault::$id => $name,)+ }
            }
        }
    };
}

faults! {
    Crash "crash": "F1, F5, F6: a process dies and comes back; the page cache is kept.";
    PowerLoss "power-loss": "F2: a machine loses its power, and what was not flushed, in part or in whole.";
    Blackout "blackout": "F3: several machines lose their power at one moment.";
    ReplaceDisk "replace-disk": "F7: a broker's disk is gone, and it comes back with an empty one.";
    DiskError "disk-error": "F8: an append fails; a broker whose only log directory is gone stops.";
    Shutdown "shutdown": "F4: a broker is shut down in order.";
    Pause "pause": "F9: a process stands still, longer than its session or not.";
    Cut "cut": "F10: links are cut, one way or both, of one node or between two groups.";
    Loss "loss": "F11: messages are lost.";
    ResponseLoss "response-loss": "F12: the request was applied, the answer is lost.";
    Duplicate "duplicate": "F11: messages arrive twice.";
    Delay "delay": "F11: messages arrive late.";
    Reorder "reorder": "F11: messages of one link overtake each other.";
    Clock "clock": "F13: a timer runs out early or late.";
    Slow "slow": "F14: a node or a link is slow.";
    Resign "resign": "F15: the leader of the metadata quorum resigns.";
    Zombie "zombie": "F16, F17: a leader or a follower does not hear of what the controller decides.";
    StaleControl "stale-control": "F18: a control message arrives twice or late.";
    Voters "voters": "F21: voters of the metadata quorum come and go, and their disks are replaced.";
    Fence "fence": "F20: the controller fences a broker that is alive.";
    Operator "operator": "F22: preferred elections, changes of min.insync.replicas.";
    Reassign "reassign": "F22: partitions move to other brokers.";
    Unclean "unclean": "F22: an operator elects outside the ISR.";
    Client "client": "F23: clients crash, burst, or cannot reach a leader.";
}

impl Fault {
    /// The fault of this name.
    ///
    /// # Errors
    /// Names all that there are.
    pub fn parse(name: &str) -> Result<Fault, String> {
        Fault::ALL.iter().copied().find(|fault| fault.name() == name).ok_or_else(|| {
            let known: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
            format!("'{name}' is no fault: write one of {}", known.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_by_its_name() {
        assert!(Fault::ALL.iter().all(|fault| Fault::parse(fault.name()) == Ok(*fault)));
        assert!(Fault::parse("rain").is_err_and(|error| error.contains("power-loss")));
    }
}
