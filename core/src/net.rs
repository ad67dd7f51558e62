//! The network between nodes: how long a hop takes, which links are cut, slow or lossy.
//!
//! In order per direction by default, as over one TCP connection; the stricter mode lets messages overtake.
//! Knows nothing of what messages mean, except request from response (F12).

use crate::id::NodeId;
use crate::time::Span;
use alloc::collections::BTreeMap;
use core::fmt;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// One direction between two nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Link {
    /// From where.
    pub from: NodeId,
    /// To where.
    pub to: NodeId,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.from, self.to)
    }
}

/// Named one-way latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Latency {
    /// Exactly 1 ms: for benchmarks and hand-made cases.
    Fixed,
    /// One rack: 0.1–0.3 ms.
    Rack,
    /// One data centre: 0.5–1.5 ms.
    #[default]
    Datacenter,
    /// Availability zones of a region: 1–3 ms.
    Zones,
    /// Regions of a continent: 15–35 ms.
    Regions,
    /// Two continents: 70–110 ms.
    Continents,
}

impl Latency {
    /// All of them, shortest first.
    pub const ALL: [Latency; 6] = [
        Latency::Fixed,
        Latency::Rack,
        Latency::Datacenter,
        Latency::Zones,
        Latency::Regions,
        Latency::Continents,
    ];

    /// Its name in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Latency::Fixed => "fixed",
            Latency::Rack => "rack",
            Latency::Datacenter => "datacenter",
            Latency::Zones => "zones",
            Latency::Regions => "regions",
            Latency::Continents => "continents",
        }
    }

    /// The latency of this name.
    pub fn parse(name: &str) -> Option<Latency> {
        Latency::ALL.into_iter().find(|latency| latency.name() == name)
    }

    /// What a hop is drawn from.
    pub const fn range(self) -> RangeInclusive<Span> {
        let (low, high) = match self {
            Latency::Fixed => (1000, 1000),
            Latency::Rack => (100, 300),
            Latency::Datacenter => (500, 1500),
            Latency::Zones => (1000, 3000),
            Latency::Regions => (15_000, 35_000),
            Latency::Continents => (70_000, 110_000),
        };
        Span(low)..=Span(high)
    }
}

/// What is wrong with one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinkState {
    /// Nothing passes.
    pub cut: bool,
    /// Additional delay.
    pub delay: Span,
    /// Lost messages in a million.
    pub loss: u32,
}

/// The network's conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Net {
    /// How long a hop takes.
    pub latency: Latency,
    /// Messages of one direction may overtake each other.
    pub reorder: bool,
    /// Directions that are not as usual.
    pub links: BTreeMap<Link, LinkState>,
    /// Nodes that handle everything later.
    pub slow: BTreeMap<NodeId, Span>,
}

impl Net {
    /// What is wrong with this direction; nothing by default.
    pub fn state(&self, link: Link) -> LinkState {
        if self.links.is_empty() {
            LinkState::default()
        } else {
            self.links.get(&link).copied().unwrap_or_default()
        }
    }

    /// Changes one direction; a direction with nothing wrong is forgotten.
    pub fn change(&mut self, link: Link, change: impl FnOnce(&mut LinkState)) {
        let mut state = self.state(link);
        change(&mut state);
        if state == LinkState::default() {
            self.links.remove(&link);
        } else {
            self.links.insert(link, state);
        }
    }

    /// Whether nothing passes in this direction.
    pub fn is_cut(&self, link: Link) -> bool {
        self.state(link).cut
    }
}
