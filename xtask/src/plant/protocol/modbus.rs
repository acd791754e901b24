//! Modbus/TCP (MODBUS Application Protocol V1.1b3).

use crate::plant::{clock::Time, host::Host, line::Line, net::Net};

const UNIT: u8 = 1;

/// A client's connection to a Modbus device.
pub(in crate::plant) struct Modbus {
    line: Line,
    transaction: u16,
}

impl Modbus {
    pub(in crate::plant) fn open(net: &mut Net, time: Time, client: Host, server: Host) -> Self {
        Self { line: Line::open(net, time, client, server, 502), transaction: 0 }
    }

    /// One request and its answer, both without header.
    fn ask(&mut self, net: &mut Net, time: Time, request: &[u8], answer: &[u8]) {
        self.line.wait(time);
        self.transaction += 1;
        let frame = |pdu: &[u8]| {
            let head = [self.transaction, 0, pdu.len() as u16 + 1].map(u16::to_be_bytes).concat();
            [&head[..], &[UNIT], pdu].concat()
        };
        let (request, answer) = (frame(request), frame(answer));
        self.line.ask(net, &request, &answer);
    }

    fn two(function: u8, first: u16, second: u16) -> Vec<u8> {
        [&[function][..], &first.to_be_bytes(), &second.to_be_bytes()].concat()
    }

    /// Read Holding Registers.
    pub(in crate::plant) fn read(&mut self, net: &mut Net, time: Time, address: u16, count: u16) {
        let mut answer = vec![3, 2 * count as u8];
        for _ in 0..count {
            answer.extend((net.random.between(180, 940) as u16).to_be_bytes());
        }
        self.ask(net, time, &Self::two(3, address, count), &answer);
    }

    /// Write Single Register.
    pub(in crate::plant) fn write(&mut self, net: &mut Net, time: Time, address: u16, value: u16) {
        let pdu = Self::two(6, address, value);
        self.ask(net, time, &pdu, &pdu);
    }

    /// Read Device Identification: vendor, product code, revision (section 6.21).
    pub(in crate::plant) fn identify(&mut self, net: &mut Net, time: Time, objects: [&str; 3]) {
        let mut answer = vec![43, 14, 1, 1, 0, 0, 3];
        for (id, text) in (0_u8..).zip(objects) {
            answer.extend([id, text.len() as u8]);
            answer.extend(text.as_bytes());
        }
        self.ask(net, time, &[43, 14, 1, 0], &answer);
    }

    /// A function the device does not know.
    pub(in crate::plant) fn unknown_function(&mut self, net: &mut Net, time: Time, function: u8) {
        self.ask(net, time, &[function], &[function | 0x80, 1]);
    }

    /// A read of an address the device does not have.
    pub(in crate::plant) fn illegal_address(&mut self, net: &mut Net, time: Time, address: u16) {
        self.ask(net, time, &Self::two(3, address, 8), &[0x83, 2]);
    }

    pub(in crate::plant) fn close(self, net: &mut Net) {
        self.line.close(net);
    }
}
