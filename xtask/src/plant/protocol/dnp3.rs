//! DNP3 (IEEE 1815) over TCP: a master and one outstation.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

const MASTER: u16 = 1;
const OUTSTATION: u16 = 41;

/// The master's connection.
pub(in crate::plant) struct Dnp3 {
    line: Line,
    /// Sequence of requests, of unsolicited reports, and of transport segments from either side.
    request: u8,
    report: u8,
    transport: [u8; 2],
}

/// CRC-DNP of a block (IEEE 1815 annex E).
fn crc(block: &[u8]) -> [u8; 2] {
    let mut sum = 0_u16;
    for byte in block {
        sum ^= u16::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 0 { sum >> 1 } else { sum >> 1 ^ 0xa6bc };
        }
    }
    (!sum).to_le_bytes()
}

impl Dnp3 {
    pub(in crate::plant) fn open(net: &mut Net, time: Time, client: Host, server: Host) -> Self {
        let line = Line::open(net, time, client, server, 20_000);
        Self { line, request: 0, report: 0, transport: [0; 2] }
    }

    /// A link frame with a whole application fragment in it.
    fn frame(&mut self, from: Side, application: &[u8]) -> Vec<u8> {
        let number = &mut self.transport[from as usize];
        let mut data = vec![0xc0 | *number & 0x3f];
        *number = number.wrapping_add(1);
        data.extend(application);
        // Unconfirmed user data; DIR is set by the master.
        let (control, to, by) = match from {
            Side::Client => (0xc4, OUTSTATION, MASTER),
            Side::Server => (0x44, MASTER, OUTSTATION),
        };
        let mut out = vec![0x05, 0x64, 5 + data.len() as u8, control];
        out.extend([to, by].map(u16::to_le_bytes).concat());
        out.extend(crc(&out.clone()));
        for block in data.chunks(16) {
            out.extend(block);
            out.extend(crc(block));
        }
        out
    }

    fn ask(&mut self, net: &mut Net, time: Time, request: &[u8], objects: &[u8]) {
        self.line.wait(time);
        let sequence = 0xc0 | self.request & 0x0f;
        self.request += 1;
        let ask = self.frame(Side::Client, &[&[sequence], request].concat());
        let say = self.frame(Side::Server, &[&[sequence, 129, 0, 0], objects].concat());
        self.line.ask(net, &ask, &say);
    }

    /// Enables unsolicited reports of classes 1 to 3.
    pub(in crate::plant) fn enable_reports(&mut self, net: &mut Net, time: Time) {
        self.ask(net, time, &[20, 60, 2, 6, 60, 3, 6, 60, 4, 6], &[]);
    }

    /// Integrity poll: all classes; answered by two binary and two analogue inputs.
    pub(in crate::plant) fn poll(&mut self, net: &mut Net, time: Time) {
        let mut objects = vec![1, 2, 0, 0, 1, 0x81, 0x01, 30, 2, 0, 0, 1];
        for _ in 0..2 {
            objects.push(1);
            objects.extend((net.random.between(200, 900) as u16).to_le_bytes());
        }
        self.ask(net, time, &[1, 60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6], &objects);
    }

    /// The outstation reports a changed input by itself; the master confirms.
    pub(in crate::plant) fn report(&mut self, net: &mut Net, time: Time, point: u8) {
        self.line.wait(time);
        let sequence = self.report & 0x0f;
        self.report += 1;
        let event = [0xf0 | sequence, 130, 0, 0, 2, 1, 0x28, 1, 0, point, 0, 0x81];
        let say = self.frame(Side::Server, &event);
        let confirm = self.frame(Side::Client, &[0xd0 | sequence, 0]);
        self.line.say(net, Side::Server, &say);
        self.line.say(net, Side::Client, &confirm);
        self.line.acknowledge(net, Side::Server);
    }

    pub(in crate::plant) fn close(self, net: &mut Net) {
        self.line.close(net);
    }
}
