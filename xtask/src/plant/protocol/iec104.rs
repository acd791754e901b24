//! IEC 60870-5-104: a controlling station and one outstation.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

const STATION: u8 = 3;

/// The controlling station's connection.
pub(in crate::plant) struct Iec104 {
    line: Line,
    /// Messages sent by the controlling station and by the outstation.
    sent: [u16; 2],
}

impl Iec104 {
    pub(in crate::plant) fn open(net: &mut Net, time: Time, client: Host, server: Host) -> Self {
        let mut line = Line::open(net, time, client, server, 2_404);
        // STARTDT, act and con.
        line.ask(net, &[0x68, 4, 0x07, 0, 0, 0], &[0x68, 4, 0x0b, 0, 0, 0]);
        Self { line, sent: [0; 2] }
    }

    /// An information message: type, cause, object address, content.
    fn say(&mut self, net: &mut Net, from: Side, kind: u8, cause: u8, object: u16, value: &[u8]) {
        let received = match from {
            Side::Client => self.sent[1],
            Side::Server => self.sent[0],
        };
        let asdu =
            [&[kind, 1, cause, 0, STATION, 0][..], &object.to_le_bytes(), &[0], value].concat();
        let mut out = vec![0x68, asdu.len() as u8 + 4];
        out.extend((self.sent[from as usize] << 1).to_le_bytes());
        out.extend((received << 1).to_le_bytes());
        out.extend(asdu);
        self.sent[from as usize] += 1;
        self.line.say(net, from, &out);
    }

    /// The controlling station acknowledges what it received.
    fn receive(&mut self, net: &mut Net) {
        let number = (self.sent[1] << 1).to_le_bytes();
        self.line.say(net, Side::Client, &[0x68, 4, 1, 0, number[0], number[1]]);
        self.line.acknowledge(net, Side::Server);
    }

    /// Three measured values as short floats.
    fn values(&mut self, net: &mut Net, cause: u8) {
        for object in [0x4001, 0x4002, 0x4003] {
            let value = net.random.between(98, 121) as f32 + 0.25;
            let value = [&value.to_le_bytes()[..], &[0]].concat();
            self.say(net, Side::Server, 13, cause, object, &value);
        }
    }

    /// General interrogation.
    pub(in crate::plant) fn interrogate(&mut self, net: &mut Net, time: Time) {
        self.line.wait(time);
        self.say(net, Side::Client, 100, 6, 0, &[20]);
        self.say(net, Side::Server, 100, 7, 0, &[20]);
        self.values(net, 20);
        self.say(net, Side::Server, 100, 10, 0, &[20]);
        self.receive(net);
    }

    /// The outstation reports changed values by itself.
    pub(in crate::plant) fn report(&mut self, net: &mut Net, time: Time) {
        self.line.wait(time);
        self.values(net, 3);
        self.receive(net);
    }

    /// Single command: execute, confirmed, terminated.
    pub(in crate::plant) fn command(&mut self, net: &mut Net, time: Time, object: u16, on: bool) {
        self.line.wait(time);
        for (from, cause) in [(Side::Client, 6), (Side::Server, 7), (Side::Server, 10)] {
            self.say(net, from, 45, cause, object, &[u8::from(on)]);
        }
        self.receive(net);
    }

    /// Clock synchronisation: 10:00 local, as CP56Time2a.
    pub(in crate::plant) fn set_clock(&mut self, net: &mut Net, time: Time) {
        self.line.wait(time);
        for (from, cause) in [(Side::Client, 6), (Side::Server, 7)] {
            self.say(net, from, 103, cause, 0, &[0, 0, 0, 10, 0x22, 3, 26]);
        }
        self.receive(net);
    }

    pub(in crate::plant) fn close(self, net: &mut Net) {
        self.line.close(net);
    }
}
