//! S7comm over TPKT (RFC 1006) and COTP (ISO 8073 class 0), as Siemens controllers speak it.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

/// Kinds of message.
const JOB: u8 = 1;
const ACK_DATA: u8 = 3;
const USERDATA: u8 = 7;

/// What a controller says of itself.
pub(in crate::plant) struct Identity {
    pub(in crate::plant) order_number: &'static str,
    pub(in crate::plant) firmware: [u8; 3],
    pub(in crate::plant) name: &'static str,
    pub(in crate::plant) module: &'static str,
    pub(in crate::plant) serial: &'static str,
}

/// A station's connection to a controller.
pub(in crate::plant) struct S7 {
    line: Line,
    reference: u16,
}

fn tpkt(cotp: &[u8], rest: &[u8]) -> Vec<u8> {
    let length = 4 + cotp.len() + rest.len();
    [&[3, 0], &(length as u16).to_be_bytes()[..], cotp, rest].concat()
}

fn message(kind: u8, reference: u16, parameter: &[u8], data: &[u8]) -> Vec<u8> {
    let mut head = vec![0x32, kind, 0, 0];
    for number in [reference, parameter.len() as u16, data.len() as u16] {
        head.extend(number.to_be_bytes());
    }
    if kind == ACK_DATA {
        // Error class and code.
        head.extend([0, 0]);
    }
    tpkt(&[2, 0xf0, 0x80], &[&head, parameter, data].concat())
}

/// A variable: so many words from a byte of a data block.
fn variable(block: u16, byte: u32, words: u16) -> Vec<u8> {
    let (count, block, bits) = (words.to_be_bytes(), block.to_be_bytes(), (byte * 8).to_be_bytes());
    [&[0x12, 0x0a, 0x10, 0x04][..], &count, &block, &[0x84], &bits[1..]].concat()
}

/// A block's file name: `_0800001P` is OB 1 in the passive file system.
fn file(block: &str) -> Vec<u8> {
    let mut out = vec![9, b'_'];
    out.extend(block.as_bytes());
    out
}

impl S7 {
    pub(in crate::plant) fn open(net: &mut Net, time: Time, client: Host, server: Host) -> Self {
        let mut line = Line::open(net, time, client, server, 102);
        // Connection request and confirm: references, class 0, TPDU size, rack 0 slot 2.
        let parameters = [0xc0, 1, 0x0a, 0xc1, 2, 0x01, 0x00, 0xc2, 2, 0x01, 0x02];
        let request = tpkt(&[17, 0xe0, 0, 0, 0, 1, 0], &parameters);
        let confirm = tpkt(&[17, 0xd0, 0, 1, 0, 2, 0], &parameters);
        line.ask(net, &request, &confirm);
        let mut s7 = Self { line, reference: 0x0100 };
        // Setup communication: one job each way, PDU of 240 bytes.
        let setup = [0xf0, 0, 0, 1, 0, 1, 0, 0xf0];
        s7.job(net, time, &setup, &[], &setup, &[]);
        s7
    }

    fn job(
        &mut self,
        net: &mut Net,
        time: Time,
        parameter: &[u8],
        data: &[u8],
        answer: &[u8],
        answer_data: &[u8],
    ) {
        self.line.wait(time);
        self.reference += 1;
        let request = message(JOB, self.reference, parameter, data);
        let answer = message(ACK_DATA, self.reference, answer, answer_data);
        self.line.ask(net, &request, &answer);
    }

    /// Read Var.
    pub(in crate::plant) fn read(&mut self, net: &mut Net, time: Time, block: u16, words: u16) {
        let parameter = [&[0x04, 1][..], &variable(block, 0, words)].concat();
        let mut data = vec![0xff, 0x04];
        data.extend((words * 16).to_be_bytes());
        for _ in 0..words {
            data.extend((net.random.between(40, 2_700) as u16).to_be_bytes());
        }
        self.job(net, time, &parameter, &[], &[0x04, 1], &data);
    }

    /// Write Var of one word.
    pub(in crate::plant) fn write(&mut self, net: &mut Net, time: Time, byte: u32, value: u16) {
        let parameter = [&[0x05, 1][..], &variable(20, byte, 1)].concat();
        let data = [&[0x00, 0x04, 0x00, 0x10][..], &value.to_be_bytes()].concat();
        self.job(net, time, &parameter, &data, &[0x05, 1], &[0xff]);
    }

    fn userdata(
        &mut self,
        net: &mut Net,
        time: Time,
        (group, subfunction): (u8, u8),
        data: &[u8],
        answer: &[u8],
    ) {
        self.line.wait(time);
        self.reference += 1;
        let ask = [0, 1, 0x12, 4, 0x11, 0x40 | group, subfunction, 0];
        let say = [0, 1, 0x12, 8, 0x12, 0x80 | group, subfunction, 1, 0, 0, 0, 0];
        let request = message(USERDATA, self.reference, &ask, data);
        let answer = message(USERDATA, self.reference, &say, answer);
        self.line.ask(net, &request, &answer);
    }

    /// System status lists 0x0011 (modules) and 0x001c (names).
    pub(in crate::plant) fn identify(&mut self, net: &mut Net, time: Time, who: &Identity) {
        let entry = |index: u16, text: &str, size: usize| {
            let mut out = index.to_be_bytes().to_vec();
            out.extend(text.as_bytes());
            out.resize(size, 0);
            out
        };
        let mut modules = entry(1, &format!("{:<20}", who.order_number), 28);
        let mut firmware = entry(7, &format!("{:<20}", who.order_number), 24);
        firmware.push(b'V');
        firmware.extend(who.firmware);
        modules.extend(firmware);
        let names =
            [entry(1, who.name, 34), entry(5, who.serial, 34), entry(7, who.module, 34)].concat();
        for (list, size, entries) in [(0x0011_u16, 28_u16, modules), (0x001c, 34, names)] {
            let count = entries.len() as u16 / size;
            let mut answer = vec![0xff, 0x09];
            for number in [8 + entries.len() as u16, list, 0, size, count] {
                answer.extend(number.to_be_bytes());
            }
            answer.extend(entries);
            let ask = [&[0xff, 0x09, 0, 4][..], &list.to_be_bytes(), &[0, 0]].concat();
            self.userdata(net, time, (4, 1), &ask, &answer);
        }
    }

    /// Set clock.
    pub(in crate::plant) fn set_clock(&mut self, net: &mut Net, time: Time) {
        // 2026-03-02, a Monday, in binary-coded decimals.
        let clock = [0xff, 0x09, 0, 10, 0, 0x19, 0x26, 0x03, 0x02, 0x03, 0x10, 0x00, 0x00, 0x02];
        self.userdata(net, time, (7, 2), &clock, &[0x0a, 0, 0, 0]);
    }

    /// Loads a block into the controller: the controller itself asks for its parts.
    pub(in crate::plant) fn download(
        &mut self,
        net: &mut Net,
        time: Time,
        block: &str,
        size: usize,
    ) {
        let name = file(block);
        let head = [&[0x1a, 0, 1, 0, 0, 0, 0, 0][..], &name, b"\x0d1", b"000412000326"].concat();
        self.job(net, time, &head, &[], &[0x1a], &[]);
        let code = net.random.bytes(size);
        for part in code.chunks(200) {
            let ask = [&[0x1b, 0, 0, 0, 0, 0, 0, 0][..], &name].concat();
            let data = [&(part.len() as u16).to_be_bytes()[..], &[0, 0xfb], part].concat();
            self.served(net, &ask, &[0x1b, 0], &data);
        }
        let end = [&[0x1c, 0, 0, 0, 0, 0, 0, 0][..], &name].concat();
        self.served(net, &end, &[0x1c], &[]);
        // Activate the block.
        let list = [&[1, 0][..], &block.as_bytes()[..7], b"P"].concat();
        self.invoke(net, &list, "_INSE");
    }

    /// A job of the controller, answered by the station.
    fn served(&mut self, net: &mut Net, parameter: &[u8], answer: &[u8], data: &[u8]) {
        self.reference += 1;
        let request = message(JOB, self.reference, parameter, &[]);
        let answer = message(ACK_DATA, self.reference, answer, data);
        self.line.say(net, Side::Server, &request);
        self.line.say(net, Side::Client, &answer);
    }

    /// A program invocation service.
    fn invoke(&mut self, net: &mut Net, list: &[u8], service: &str) {
        let mut parameter = vec![0x28, 0, 0, 0, 0, 0, 0, 0xfd];
        parameter.extend((list.len() as u16).to_be_bytes());
        parameter.extend(list);
        parameter.push(service.len() as u8);
        parameter.extend(service.as_bytes());
        let now = self.line.now();
        self.job(net, now, &parameter, &[], &[0x28], &[]);
    }

    /// Copies a block out of the controller.
    pub(in crate::plant) fn upload(
        &mut self,
        net: &mut Net,
        time: Time,
        block: &str,
        parts: usize,
    ) {
        let start = [&[0x1d, 0, 0, 0, 0, 0, 0, 0][..], &file(block)].concat();
        let granted = [&[0x1d, 0, 1, 0, 0, 0, 0, 7, 7][..], b"0001184"].concat();
        self.job(net, time, &start, &[], &granted, &[]);
        for part in 0..parts {
            let more = u8::from(part + 1 < parts);
            let data = [&[0, 200, 0, 0xfb][..], &net.random.bytes(200)].concat();
            let now = self.line.now();
            self.job(net, now, &[0x1e, 0, 0, 0, 0, 0, 0, 7], &[], &[0x1e, more], &data);
        }
        let now = self.line.now();
        self.job(net, now, &[0x1f, 0, 0, 0, 0, 0, 0, 7], &[], &[0x1f], &[]);
    }

    /// PLC Stop.
    pub(in crate::plant) fn stop(&mut self, net: &mut Net, time: Time) {
        let parameter = [&[0x29, 0, 0, 0, 0, 0, 9][..], b"P_PROGRAM"].concat();
        self.job(net, time, &parameter, &[], &[0x29], &[]);
    }

    /// Warm start.
    pub(in crate::plant) fn start(&mut self, net: &mut Net, time: Time) {
        self.line.wait(time);
        self.invoke(net, &[], "P_PROGRAM");
    }

    pub(in crate::plant) fn close(self, net: &mut Net) {
        self.line.close(net);
    }
}
