//! DNS over UDP (RFC 1035): a question and its answer.

use crate::plant::{clock::Time, host::Host, net::Net};

pub(in crate::plant) fn ask(
    net: &mut Net,
    time: Time,
    client: Host,
    server: Host,
    name: &str,
    answer: Host,
) {
    let id = (net.random.next() as u16).to_be_bytes();
    let mut question = Vec::new();
    for label in name.split('.') {
        question.push(label.len() as u8);
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let ask = [&id[..], &[1, 0, 0, 1, 0, 0, 0, 0, 0, 0], &question].concat();
    // The name again by a pointer, an address for five minutes.
    let record = [&[0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4][..], &answer.ip].concat();
    let say = [&id[..], &[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0], &question, &record].concat();
    let port = net.port();
    net.udp(time, (client, port), (server, 53), &ask);
    let later = time.plus_micros(net.random.between(400, 3_000));
    net.udp(later, (server, 53), (client, port), &say);
}
