//! What a member does with its clients: takes them, carries out what they ask in its order, lets them go.
//!
//! Source: `NIOServerCnxn`, `ZooKeeperServer.processConnectRequest`, `CommitProcessor`, `FinalRequestProcessor`.

use super::connection::{Answer, Batch, Connection, Item};
use super::server::{Office, ZooKeeperServer};
use super::sessions::negotiated;
use super::stream::Stream;
use super::tree::Written;
use super::watches::Fired;
use super::work::Work;
use crate::id::{Correlation, NodeId};
use crate::node::Out;
use crate::note::Note;
use crate::time::{Span, Time};
use crate::wire::{Proposal, WatchKind, ZkReply, ZkRequest, ZooKeeperMessage};
use crate::znode::{Op, SessionId, ZooKeeperError, Zxid};
use alloc::vec::Vec;

impl ZooKeeperServer {
    pub(super) fn on_client_message(
        &mut self,
        now: Time,
        client: NodeId,
        correlation: Correlation,
        message: ZooKeeperMessage,
        out: &mut Out,
    ) {
        let of_current = |connection: &Connection| connection.stream.is_of(correlation);
        let is_current = self.clients.get(&client).is_some_and(of_current);
        match message {
            ZooKeeperMessage::Closed if is_current => return self.forget_client(client),
            ZooKeeperMessage::ConnectRequest { .. } if !is_current => {
                return self.on_connect(now, client, correlation, message, out);
            }
            message => {
                if let Some(connection) = self.clients.get_mut(&client).filter(|_| is_current) {
                    connection.stream.arrived(correlation, message);
                }
            }
        }
        while let Some(message) = self.clients.get_mut(&client).and_then(|of| of.stream.take()) {
            self.on_request(now, client, message);
        }
    }

    /// A client wants a connection; one that it had here is gone.
    fn on_connect(
        &mut self,
        now: Time,
        client: NodeId,
        correlation: Correlation,
        message: ZooKeeperMessage,
        out: &mut Out,
    ) {
        let Some(mut stream) = Stream::opened_by(correlation) else { return };
        stream.arrived(correlation, message);
        let Some(ZooKeeperMessage::ConnectRequest { session, timeout, last_zxid }) = stream.take() else {
            return;
        };
        self.forget_client(client);
        let behind = last_zxid > self.database.zxid();
        if !self.is_serving() || behind {
            out.note(Note::ClientDeclined { client, behind: self.is_serving() });
            return stream.close(client, out);
        }
        self.clients.insert(client, Connection::new(stream, session));
        if session == SessionId(0) {
            let timeout = negotiated(timeout);
            return self.propose(Some(client), Proposal::CreateSession { client, timeout });
        }
        match &mut self.office {
            Office::Leading { tracker, .. } => {
                let lives = tracker.move_to(now, session, self.me);
                self.on_validated(session, lives, out);
            }
            Office::Following { leader, link, .. } => {
                link.send(*leader, ZooKeeperMessage::Revalidate(session), out);
            }
            Office::Looking => {}
        }
    }

    /// The leader has said whether the session that a client wants to go on with lives.
    pub(super) fn on_validated(&mut self, session: SessionId, lives: bool, out: &mut Out) {
        let waits = |of: &Connection| of.wanted == session && of.session == SessionId(0);
        let Some((&client, _)) = self.clients.iter().find(|(_, of)| waits(of)) else { return };
        let known = self.database.sessions().get(&session).filter(|_| lives);
        match known.map(|is| is.timeout) {
            Some(timeout) => {
                out.note(Note::SessionMoved { client, session });
                self.accept(client, session, timeout, out);
            }
            None => {
                self.send(
                    client,
                    ZooKeeperMessage::ConnectResponse { session: SessionId(0), timeout: Span::ZERO },
                    out,
                );
                self.forget_client(client);
            }
        }
    }

    pub(super) fn accept(&mut self, client: NodeId, session: SessionId, timeout: Span, out: &mut Out) {
        if let Some(connection) = self.clients.get_mut(&client) {
            connection.session = session;
            connection.stream.send(client, ZooKeeperMessage::ConnectResponse { session, timeout }, out);
        }
    }

    fn on_request(&mut self, now: Time, client: NodeId, message: ZooKeeperMessage) {
        let (item, cost) = match message {
            ZooKeeperMessage::Ping(_) => (Item::Ping, Span::ZERO),
            ZooKeeperMessage::SetWatches(watches, seen) => (Item::SetWatches(watches, seen), Span::ZERO),
            ZooKeeperMessage::CloseSession(_) => (Item::Close(false), Span::ZERO),
            ZooKeeperMessage::Requests(_, requests) => {
                let reads = requests.iter().filter(|request| !is_write(request)).count() as u64;
                (Item::Requests(Batch::new(requests)), self.settings.zookeeper_read * reads)
            }
            // The rest is what members say.
            _ => return,
        };
        let Some(of) = self.clients.get(&client) else { return };
        let (session, connection) = (of.session, of.stream.number());
        self.touch(now, session);
        self.work.push_back(Work::Client { client, connection, item, cost });
    }

    /// Something was heard from this session.
    fn touch(&mut self, now: Time, session: SessionId) {
        match &mut self.office {
            Office::Leading { tracker, .. } => {
                tracker.touch(now, session);
            }
            Office::Following { touched, .. } => {
                touched.insert(session);
            }
            Office::Looking => {}
        }
    }

    /// Carries out what is next on this connection, as far as it need not wait for a commit.
    pub(super) fn advance(&mut self, client: NodeId, out: &mut Out) {
        while let Some(item) = self.clients.get_mut(&client).and_then(|of| of.items.pop_front()) {
            let unfinished = match item {
                Item::Ping => {
                    self.send(client, ZooKeeperMessage::Pong, out);
                    None
                }
                Item::SetWatches(watches, seen) => {
                    let mut fired = Vec::new();
                    self.watches.set_again(client, watches, seen, self.database.tree(), &mut fired);
                    self.tell_watchers(self.database.zxid(), fired, out);
                    None
                }
                Item::Close(asked) => {
                    let session = self.clients.get(&client).map_or(SessionId(0), |of| of.session);
                    if !asked {
                        self.propose(Some(client), Proposal::CloseSession { session, expired: false });
                    }
                    Some(Item::Close(true))
                }
                Item::Requests(batch) => self.carry_out(client, batch, out).map(Item::Requests),
            };
            if let Some(item) = unfinished {
                if let Some(connection) = self.clients.get_mut(&client) {
                    connection.items.push_front(item);
                }
                return;
            }
        }
    }

    /// Returns what has to wait.
    fn carry_out(&mut self, client: NodeId, mut batch: Batch, out: &mut Out) -> Option<Batch> {
        let session = self.clients.get(&client).map_or(SessionId(0), |of| of.session);
        while let Some(request) = batch.requests.get(batch.next as usize) {
            if let Some(ops) = ops_of(request) {
                self.propose(Some(client), Proposal::Write { session, ops });
                batch.writing += 1;
            } else if batch.writing == 0 {
                let request = request.clone();
                batch.answers.push(self.read(client, &request));
            } else {
                return Some(batch);
            }
            batch.next += 1;
        }
        if !batch.is_answered() {
            return Some(batch);
        }
        if let Some(answers) = batch.tell() {
            self.send(client, ZooKeeperMessage::Responses(answers, self.database.zxid()), out);
        }
        None
    }

    fn read(&mut self, client: NodeId, request: &ZkRequest) -> Answer {
        let tree = self.database.tree();
        let (answer, watch) = match *request {
            ZkRequest::GetData(path, watch) => {
                let node = tree.get(path).ok_or(ZooKeeperError::NoNode)?;
                (Ok(ZkReply::Data(node.data.clone(), node.stat)), watch.then_some((path, WatchKind::Data)))
            }
            ZkRequest::GetChildren(path, watch) => {
                let node = tree.get(path).ok_or(ZooKeeperError::NoNode)?;
                let children = tree.children(path).map(|(path, _)| path).collect();
                let kind = WatchKind::Children;
                (Ok(ZkReply::Children(children, node.stat)), watch.then_some((path, kind)))
            }
            ZkRequest::Exists(path, watch) => {
                let node = tree.get(path).ok_or(ZooKeeperError::NoNode);
                let answer = node.map(|node| ZkReply::Done(path, node.stat));
                (answer, watch.then_some((path, WatchKind::Exists)))
            }
            ZkRequest::Write(_) | ZkRequest::Multi(_) => return Err(ZooKeeperError::ConnectionLoss),
        };
        if let Some((path, kind)) = watch {
            self.watches.add(client, path, kind);
        }
        answer
    }

    /// A write of this client has been applied.
    pub(super) fn on_written(&mut self, client: NodeId, written: Written, out: &mut Out) {
        let Some(Item::Requests(batch)) = self.clients.get_mut(&client).and_then(|of| of.items.front_mut())
        else {
            return;
        };
        let answer = match (batch.answering(), written) {
            (_, Err((_, ZooKeeperError::SessionExpired))) => Err(ZooKeeperError::SessionExpired),
            (Some(ZkRequest::Multi(_)), Ok(all)) => Ok(ZkReply::Multi(all)),
            (Some(ZkRequest::Multi(_)), Err((op, error))) => Ok(ZkReply::MultiRefused(op, error)),
            (_, Ok(mut all)) => all
                .pop()
                .map_or(Err(ZooKeeperError::ConnectionLoss), |(path, stat)| Ok(ZkReply::Done(path, stat))),
            (_, Err((_, error))) => Err(error),
        };
        batch.answers.push(answer);
        batch.writing = batch.writing.saturating_sub(1);
        self.advance(client, out);
    }

    /// Sends the events of watches that have fired. What was read before, as of `before`, is answered first.
    pub(super) fn tell_watchers(&mut self, before: Zxid, fired: Vec<Fired>, out: &mut Out) {
        for (client, path, event) in fired {
            if let Some(connection) = self.clients.get_mut(&client) {
                if let Some(Item::Requests(batch)) = connection.items.front_mut()
                    && let Some(answers) = batch.tell()
                {
                    let answers = ZooKeeperMessage::Responses(answers, before);
                    connection.stream.send(client, answers, out);
                }
                out.note(Note::WatchFired { client, path, event });
                connection.stream.send(client, ZooKeeperMessage::WatchEvent(path, event), out);
            }
        }
    }

    pub(super) fn send(&mut self, client: NodeId, message: ZooKeeperMessage, out: &mut Out) {
        if let Some(connection) = self.clients.get_mut(&client) {
            connection.stream.send(client, message, out);
        }
    }

    /// Its connection is gone. What it still wants finds nobody when its turn comes.
    pub(super) fn forget_client(&mut self, client: NodeId) {
        if self.clients.remove(&client).is_some() {
            self.watches.remove(client);
            self.awaiting.retain(|_, whose| *whose != client);
        }
    }

    /// Closes one connection.
    pub(super) fn close_client(&mut self, client: NodeId, out: &mut Out) {
        if let Some(connection) = self.clients.get(&client) {
            connection.stream.close(client, out);
        }
        self.forget_client(client);
    }

    /// Closes all connections: there is nobody to ask.
    pub(super) fn drop_clients(&mut self, out: &mut Out) {
        for (client, connection) in core::mem::take(&mut self.clients) {
            connection.stream.close(client, out);
        }
        self.watches.clear();
        self.awaiting.clear();
        self.outbox.clear();
        self.work.clear();
        self.busy = None;
    }
}

const fn is_write(request: &ZkRequest) -> bool {
    matches!(request, ZkRequest::Write(_) | ZkRequest::Multi(_))
}

fn ops_of(request: &ZkRequest) -> Option<Vec<Op>> {
    match request {
        ZkRequest::Write(op) => Some(alloc::vec![op.clone()]),
        ZkRequest::Multi(ops) => Some(ops.clone()),
        ZkRequest::GetData(..) | ZkRequest::GetChildren(..) | ZkRequest::Exists(..) => None,
    }
}
