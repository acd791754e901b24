//! One TCP connection, from handshake to farewell.

use super::{
    clock::Time,
    host::{self, Host},
    net::Net,
    wire::{ACK, FIN, PSH, RST, SYN, Segment},
};

/// Longest segment.
const MSS: usize = 1460;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Server,
}

use Side::{Client, Server};

impl Side {
    const fn other(self) -> Self {
        match self {
            Client => Server,
            Server => Client,
        }
    }
}

/// A connection.
pub(super) struct Line {
    /// The capture point that sees it.
    seen_at: host::Segment,
    hosts: [Host; 2],
    ports: [u16; 2],
    next: [u32; 2],
    now: Time,
}

impl Line {
    /// A connection with its handshake.
    pub(super) fn open(net: &mut Net, time: Time, client: Host, server: Host, port: u16) -> Self {
        let mut line = Self::begin(net, time, client, server, port);
        line.send(net, Client, SYN, &[]);
        line.send(net, Server, SYN | ACK, &[]);
        line.send(net, Client, ACK, &[]);
        line
    }

    /// A connection that is refused, or never answered.
    pub(super) fn knock(
        net: &mut Net,
        time: Time,
        client: Host,
        server: Host,
        port: u16,
        refused: bool,
    ) {
        let mut line = Self::begin(net, time, client, server, port);
        if !refused {
            // Nobody is there, so the firewall between does not pass it on.
            line.seen_at = host::Segment::of(client);
        }
        line.send(net, Client, SYN, &[]);
        if refused {
            line.next[1] = 0;
            line.send(net, Server, RST | ACK, &[]);
        }
    }

    fn begin(net: &mut Net, time: Time, client: Host, server: Host, port: u16) -> Self {
        let next = [net.random.next() as u32, net.random.next() as u32];
        let seen_at = host::Segment::between(client, server);
        Self { seen_at, hosts: [client, server], ports: [net.port(), port], next, now: time }
    }

    /// The last moment something was sent.
    pub(super) const fn now(&self) -> Time {
        self.now
    }

    /// Nothing is sent before that moment.
    pub(super) fn wait(&mut self, until: Time) {
        self.now = self.now.max(until);
    }

    fn send(&mut self, net: &mut Net, side: Side, flags: u8, payload: &[u8]) {
        let (from, to) = (side as usize, side.other() as usize);
        self.now = self.now.plus_micros(net.random.between(180, 2_400));
        let segment = Segment {
            ports: [self.ports[from], self.ports[to]],
            sequence: self.next[from],
            acknowledged: if flags & ACK == 0 { 0 } else { self.next[to] },
            flags,
        };
        let hosts = [self.hosts[from], self.hosts[to]];
        net.tcp(self.now, self.seen_at, hosts, segment, payload);
        let counted = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        self.next[from] = self.next[from].wrapping_add(counted);
    }

    /// One side says something; the other has not yet acknowledged it.
    pub(super) fn say(&mut self, net: &mut Net, side: Side, bytes: &[u8]) {
        let mut segments = bytes.chunks(MSS).peekable();
        while let Some(segment) = segments.next() {
            let flags = if segments.peek().is_none() { PSH | ACK } else { ACK };
            self.send(net, side, flags, segment);
        }
    }

    /// An acknowledgement without content.
    pub(super) fn acknowledge(&mut self, net: &mut Net, side: Side) {
        self.send(net, side, ACK, &[]);
    }

    /// A request and its answer.
    pub(super) fn ask(&mut self, net: &mut Net, request: &[u8], answer: &[u8]) {
        self.say(net, Client, request);
        self.say(net, Server, answer);
        self.acknowledge(net, Client);
    }

    /// Both sides say goodbye.
    pub(super) fn close(mut self, net: &mut Net) {
        self.send(net, Client, FIN | ACK, &[]);
        self.send(net, Server, FIN | ACK, &[]);
        self.acknowledge(net, Client);
    }
}
