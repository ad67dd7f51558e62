//! Snapshots of the metadata log.
//!
//! K15 SnapshotAtStart: a log that starts beyond 0 has a snapshot that ends right there, under the epoch of the record
//! before; what a snapshot says is what the committed records below its end say; no active controller loads one.
//! Source: RaftEventSimulationTest, SnapshotAtLogStart and LeaderNeverLoadSnapshot; the content is compared here only.
//!
//! The ghost of committed records is cut where no log begins earlier any more, so that a long run needs little memory.

use super::findings::{Findings, Subject};
use super::quorum::{Look, metadata_disk};
use super::table::Rule;
use crate::id::{NodeKind, Offset};
use crate::kraft::{QuorumDisk, Snapshot, Validity};
use crate::log::Log;
use crate::metadata::image::Image;
use crate::note::Note;
use crate::process::Process;
use crate::record::MetadataRecord;
use crate::sim::world::World;
use alloc::vec::Vec;

/// What committed metadata says at the ends of snapshots.
#[derive(Clone, Debug, Default)]
pub(super) struct Images {
    /// In the order of offsets; nothing at offset 0 goes without saying.
    at: Vec<(Offset, Image)>,
}

impl Images {
    /// What the records below `end` say; `None` when the ghost does not reach back so far, or `end` is not committed.
    fn image_at(&mut self, end: Offset, committed: &Log<MetadataRecord>) -> Option<&Image> {
        let after = self.at.partition_point(|(known, _)| *known <= end);
        let (from, mut image) = match after.checked_sub(1).map(|place| &self.at[place]) {
            Some((known, _)) if *known == end => return self.at.get(after - 1).map(|(_, image)| image),
            Some((known, image)) => (*known, image.clone()),
            None => (Offset(0), Image::default()),
        };
        if from < committed.start() || end > committed.end() {
            return None;
        }
        for (_, entry) in committed.iter(from, end) {
            image.apply(&entry.body);
        }
        self.at.insert(after, (end, image));
        self.at.get(after).map(|(_, image)| image)
    }

    /// Nobody will ask about offsets below `floor`: forgets what is only needed for those.
    fn forget_before(&mut self, floor: Offset, committed: &mut Log<MetadataRecord>) {
        let below = self.at.partition_point(|(known, _)| *known <= floor);
        if let Some(last) = below.checked_sub(1) {
            committed.drop_before(self.at[last].0);
            self.at.drain(..last);
        }
    }
}

/// Whether a note is about reading a snapshot.
pub(super) const fn concerns(note: &Note) -> bool {
    matches!(note, Note::SnapshotLoaded { .. })
}

/// K15, when the log start or the newest snapshot of the replica in `look` is another one than before.
pub(super) fn check(
    world: &World,
    look: &Look<'_>,
    images: &mut Images,
    committed: &mut Log<MetadataRecord>,
    findings: &mut Findings,
) {
    check_load(world, look, findings);
    let (before, now) = (&look.before, &look.now);
    if before.start == now.start && before.snapshot == now.snapshot {
        return;
    }
    check_start(look.disk, look.subject(), findings);
    if let Some(snapshot) = look.disk.snapshots.latest().filter(|_| before.snapshot != now.snapshot) {
        check_content(snapshot, images, committed, look.subject(), findings);
    }
    if before.start != now.start {
        let servers = world
            .slots
            .iter()
            .filter(|slot| matches!(slot.id.kind(), NodeKind::Broker | NodeKind::Controller));
        let floor = servers.map(|slot| metadata_disk(slot).log.start()).min().unwrap_or_default();
        images.forget_before(floor, committed);
    }
}

fn check_start(disk: &QuorumDisk, subject: Subject, findings: &mut Findings) {
    let start = disk.log.start();
    let valid = match disk.snapshots.earliest_id() {
        None => start == Offset(0),
        Some(oldest) => {
            let at_start = start == Offset(0) || oldest.end == start;
            at_start && disk.validate(oldest.end, oldest.epoch) == Validity::Valid
        }
    };
    findings.check(Rule::K15, valid, subject.at(start));
}

fn check_content(
    snapshot: &Snapshot,
    images: &mut Images,
    committed: &Log<MetadataRecord>,
    subject: Subject,
    findings: &mut Findings,
) {
    let end = snapshot.id.end;
    let last = end.0.checked_sub(1).map(Offset);
    let known = end <= committed.end() && last.is_some();
    let epoch = last.and_then(|last| committed.get(last)).map(|entry| entry.epoch);
    findings.check(Rule::K15, known && epoch.is_none_or(|epoch| epoch == snapshot.id.epoch), subject.at(end));
    if let Some(image) = images.image_at(end, committed) {
        findings.check(Rule::K15, *image == Image::of(&snapshot.records), subject.at(end));
    }
}

/// A controller that was active before this step, and is, has replayed everything by itself.
fn check_load(world: &World, look: &Look<'_>, findings: &mut Findings) {
    if look.notes.iter().any(concerns) {
        let control = world.process(look.key.id).and_then(Process::control);
        let acts = control.is_some_and(|control| control.is_active());
        let began = look.notes.iter().any(|note| matches!(note, Note::ControllerActivated { .. }));
        findings.check(Rule::K15, !acts || began, look.subject());
    }
}
