//! The network of the day: what is sent, and what the capture points see of it.

use super::{
    clock::Time,
    host::{Host, Segment},
    random::Random,
    wire::{self, Route},
};

/// A captured frame.
pub(super) struct Frame {
    pub(super) time: Time,
    pub(super) segment: Segment,
    pub(super) bytes: Vec<u8>,
}

/// Everything that was sent so far.
pub(super) struct Net {
    pub(super) random: Random,
    pub(super) frames: Vec<Frame>,
    port: u16,
    id: u16,
}

impl Net {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), frames: Vec::new(), port: 49_200, id: 0x1000 }
    }

    /// A port no other conversation of the day uses.
    pub(super) fn port(&mut self) -> u16 {
        self.port += 1;
        self.port
    }

    /// Puts a frame's content on a segment.
    fn send(
        &mut self,
        time: Time,
        segment: Segment,
        [from, to]: [Host; 2],
        body: impl Fn(Route) -> Vec<u8>,
    ) {
        self.id = self.id.wrapping_add(1);
        let ttl = if segment.beyond(from) { 62 } else { 64 };
        let route = Route { source: from.ip, destination: to.ip, ttl, id: self.id };
        let bytes = wire::ethernet(segment.link(to), segment.link(from), 0x0800, &body(route));
        self.frames.push(Frame { time, segment, bytes });
    }

    pub(super) fn udp(
        &mut self,
        time: Time,
        (from, from_port): (Host, u16),
        (to, to_port): (Host, u16),
        payload: &[u8],
    ) {
        let segment = Segment::between(from, to);
        self.send(time, segment, [from, to], |route| {
            wire::udp(route, [from_port, to_port], payload)
        });
    }

    pub(super) fn tcp(
        &mut self,
        time: Time,
        seen_at: Segment,
        hosts: [Host; 2],
        segment: wire::Segment,
        payload: &[u8],
    ) {
        self.send(time, seen_at, hosts, |route| wire::tcp(route, segment, payload));
    }

    /// Somebody asks for a link address and, when anybody has it, gets it.
    pub(super) fn arp(&mut self, time: Time, from: Host, to: Host, answered: bool) {
        let segment = Segment::between(from, to);
        let ask = wire::arp(1, (from.mac, from.ip), ([0; 6], to.ip));
        let bytes = wire::ethernet([0xff; 6], from.mac, 0x0806, &ask);
        self.frames.push(Frame { time, segment, bytes });
        if answered {
            let answer = wire::arp(2, (to.mac, to.ip), (from.mac, from.ip));
            let bytes = wire::ethernet(from.mac, to.mac, 0x0806, &answer);
            let time = time.plus_micros(self.random.between(90, 400));
            self.frames.push(Frame { time, segment, bytes });
        }
    }
}
