//! TLS 1.3 (RFC 8446) as far as a bystander sees it: two greetings, then ciphertext.

use crate::plant::{
    clock::Time,
    host::Host,
    line::{Line, Side},
    net::Net,
};

const HANDSHAKE: u8 = 22;
const APPLICATION: u8 = 23;

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &(content.len() as u16).to_be_bytes(), content].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    record(HANDSHAKE, &[&[kind][..], &(body.len() as u32).to_be_bytes()[1..], body].concat())
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), body].concat()
}

fn vector(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

fn client_hello(net: &mut Net, name: &str) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(net.random.bytes(32));
    body.push(32);
    body.extend(net.random.bytes(32));
    body.extend([0, 6, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 1, 0]);
    let mut extensions = Vec::new();
    if !name.is_empty() {
        let name = [&[0][..], &vector(name.as_bytes())].concat();
        extensions.extend(extension(0, &vector(&name)));
    }
    extensions.extend(extension(10, &vector(&[0, 29, 0, 23])));
    extensions.extend(extension(13, &vector(&[4, 3, 8, 4, 4, 1])));
    extensions.extend(extension(43, &[2, 3, 4]));
    let share = [&[0, 29][..], &vector(&net.random.bytes(32))].concat();
    extensions.extend(extension(51, &vector(&share)));
    body.extend(vector(&extensions));
    handshake(1, &body)
}

fn server_hello(net: &mut Net) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(net.random.bytes(32));
    body.push(32);
    body.extend(net.random.bytes(32));
    body.extend([0x13, 0x01, 0]);
    let share = [&[0, 29][..], &vector(&net.random.bytes(32))].concat();
    let extensions = [extension(43, &[3, 4]), extension(51, &share)].concat();
    body.extend(vector(&extensions));
    handshake(2, &body)
}

/// So many bytes of ciphertext.
pub(super) fn ciphertext(net: &mut Net, count: usize) -> Vec<u8> {
    let bytes = net.random.bytes(count);
    record(APPLICATION, &bytes)
}

/// The greetings, on a connection that is open.
pub(super) fn greet(line: &mut Line, net: &mut Net, name: &str) {
    let (ask, mut say) = (client_hello(net, name), server_hello(net));
    say.extend(ciphertext(net, 620));
    line.ask(net, &ask, &say);
    let finished = ciphertext(net, 53);
    line.say(net, Side::Client, &finished);
}

/// A whole connection on port 443 with one exchange of so many bytes.
pub(in crate::plant) fn visit(
    net: &mut Net,
    time: Time,
    client: Host,
    (server, name): (Host, &str),
    (sent, received): (usize, usize),
) {
    let mut line = Line::open(net, time, client, server, 443);
    greet(&mut line, net, name);
    let (ask, say) = (ciphertext(net, sent), ciphertext(net, received));
    line.ask(net, &ask, &say);
    line.close(net);
}
