//! EtherNet/IP and the CIP in it (CIP volumes 1 and 2): sessions, identity, tags.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

const REGISTER_SESSION: u16 = 0x65;
const UNREGISTER_SESSION: u16 = 0x66;
const LIST_IDENTITY: u16 = 0x63;
const SEND_RR_DATA: u16 = 0x6f;

/// DINT.
const DINT: [u8; 2] = [0xc4, 0x00];

/// A station's session with a controller.
pub(in crate::plant) struct Enip {
    line: Line,
    session: u32,
    context: u64,
}

/// The path to a tag: an ANSI extended symbol, filled up to an even length.
fn symbol(tag: &str) -> Vec<u8> {
    let mut out = vec![0x91, tag.len() as u8];
    out.extend(tag.as_bytes());
    out.resize(out.len().next_multiple_of(2), 0);
    out.insert(0, (out.len() / 2) as u8);
    out
}

impl Enip {
    pub(in crate::plant) fn open(net: &mut Net, time: Time, client: Host, server: Host) -> Self {
        let line = Line::open(net, time, client, server, 44_818);
        let mut enip = Self { line, session: 0, context: 0 };
        let ask = enip.frame(REGISTER_SESSION, &[1, 0, 0, 0]);
        enip.session = net.random.next() as u32;
        let say = enip.frame(REGISTER_SESSION, &[1, 0, 0, 0]);
        enip.line.ask(net, &ask, &say);
        enip
    }

    fn frame(&self, command: u16, body: &[u8]) -> Vec<u8> {
        let mut out = [command, body.len() as u16].map(u16::to_le_bytes).concat();
        out.extend(self.session.to_le_bytes());
        out.extend([0; 4]);
        out.extend(self.context.to_le_bytes());
        out.extend([0; 4]);
        out.extend(body);
        out
    }

    fn exchange(&mut self, net: &mut Net, time: Time, command: u16, ask: &[u8], say: &[u8]) {
        self.line.wait(time);
        self.context += 1;
        let (ask, say) = (self.frame(command, ask), self.frame(command, say));
        self.line.ask(net, &ask, &say);
    }

    /// One CIP message without a connection.
    fn message(&mut self, net: &mut Net, time: Time, ask: &[u8], say: &[u8]) {
        let packet = |message: &[u8]| {
            // Interface 0, timeout 10; a null address and the message.
            let head = [0, 0, 0, 0, 10, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0];
            [&head[..], &(message.len() as u16).to_le_bytes(), message].concat()
        };
        self.exchange(net, time, SEND_RR_DATA, &packet(ask), &packet(say));
    }

    /// ListIdentity: vendor 1 (Rockwell), a programmable controller.
    pub(in crate::plant) fn identify(
        &mut self,
        net: &mut Net,
        time: Time,
        server: Host,
        product: &str,
        (major, minor): (u8, u8),
    ) {
        // Encapsulation version and socket address come first.
        let mut item = vec![1, 0, 0, 2, 0xaf, 0x12];
        item.extend(server.ip);
        item.extend([0; 8]);
        item.extend([1, 0, 14, 0, 0x5d, 0, major, minor, 0x60, 0x30, 0x4f, 0x02, 0xc3, 0x00]);
        item.push(product.len() as u8);
        item.extend(product.as_bytes());
        item.push(3);
        let body = [&[1, 0, 0x0c, 0][..], &(item.len() as u16).to_le_bytes(), &item].concat();
        self.exchange(net, time, LIST_IDENTITY, &[], &body);
    }

    /// Read Tag.
    pub(in crate::plant) fn read(&mut self, net: &mut Net, time: Time, tag: &str) {
        let ask = [&[0x4c][..], &symbol(tag), &[1, 0]].concat();
        let value = net.random.between(10, 5_000) as u32;
        let say = [&[0xcc, 0, 0, 0][..], &DINT, &value.to_le_bytes()].concat();
        self.message(net, time, &ask, &say);
    }

    /// Write Tag.
    pub(in crate::plant) fn write(&mut self, net: &mut Net, time: Time, tag: &str, value: u32) {
        let ask = [&[0x4d][..], &symbol(tag), &DINT, &[1, 0], &value.to_le_bytes()].concat();
        self.message(net, time, &ask, &[0xcd, 0, 0, 0]);
    }

    pub(in crate::plant) fn close(mut self, net: &mut Net) {
        let goodbye = self.frame(UNREGISTER_SESSION, &[]);
        self.line.say(net, Side::Client, &goodbye);
        self.line.close(net);
    }
}
