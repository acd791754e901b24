//! Packets made by hand.

/// Client and server of all exchanges.
pub(crate) const CLIENT: [u8; 4] = [192, 0, 2, 1];
pub(crate) const SERVER: [u8; 4] = [192, 0, 2, 2];

pub(crate) const SYN: u8 = 2;
pub(crate) const ACK: u8 = 16;

/// An IPv4 packet.
pub(crate) fn ipv4(from: [u8; 4], to: [u8; 4], protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_part(from, to, protocol, 0, 0, payload)
}

/// An IPv4 packet with identification and fragment field.
pub(crate) fn ipv4_part(
    from: [u8; 4],
    to: [u8; 4],
    protocol: u8,
    id: u16,
    part: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut out = vec![0x45, 0];
    out.extend((20 + payload.len() as u16).to_be_bytes());
    out.extend(id.to_be_bytes());
    out.extend(part.to_be_bytes());
    out.extend([64, protocol, 0, 0]);
    out.extend(from);
    out.extend(to);
    out.extend(payload);
    out
}

/// An IPv6 packet between addresses that end like the IPv4 ones.
pub(crate) fn ipv6(from: [u8; 4], to: [u8; 4], next: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x60, 0, 0, 0];
    out.extend((payload.len() as u16).to_be_bytes());
    out.extend([next, 64]);
    for end in [from, to] {
        out.extend([0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend(end);
    }
    out.extend(payload);
    out
}

/// A TCP segment.
pub(crate) fn tcp(from: u16, to: u16, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = from.to_be_bytes().to_vec();
    out.extend(to.to_be_bytes());
    out.extend(seq.to_be_bytes());
    out.extend([0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    out.extend(payload);
    out
}

/// A UDP datagram.
pub(crate) fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = from.to_be_bytes().to_vec();
    out.extend(to.to_be_bytes());
    out.extend((8 + payload.len() as u16).to_be_bytes());
    out.extend([0, 0]);
    out.extend(payload);
    out
}

/// An Ethernet frame.
pub(crate) fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    out.extend(ethertype.to_be_bytes());
    out.extend(payload);
    out
}

/// One side of a connection between the two: sequence numbers count by themselves.
pub(crate) struct Talk {
    port: u16,
    server: u16,
    seq: [u32; 2],
}

impl Talk {
    /// Sequence numbers start close to their end, so that they wrap.
    pub(crate) fn new(port: u16, server: u16) -> Self {
        Self::from(port, server, [1000, u32::MAX - 20])
    }

    /// With the numbers that client and server begin from.
    pub(crate) fn from(port: u16, server: u16, seq: [u32; 2]) -> Self {
        Self { port, server, seq }
    }

    /// The handshake.
    pub(crate) fn open(&mut self) -> Vec<Vec<u8>> {
        vec![self.send(true, SYN, &[]), self.send(false, SYN | ACK, &[]), self.send(true, ACK, &[])]
    }

    /// The next segment of the client or the server, as an IPv4 packet.
    pub(crate) fn send(&mut self, client: bool, flags: u8, payload: &[u8]) -> Vec<u8> {
        let at = self.seq[usize::from(!client)];
        self.seq[usize::from(!client)] =
            at.wrapping_add(payload.len() as u32 + u32::from(flags & SYN != 0));
        self.at(client, at, flags, payload)
    }

    /// A segment at any sequence number.
    pub(crate) fn at(&self, client: bool, seq: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
        let (from, to, a, b) = if client {
            (CLIENT, SERVER, self.port, self.server)
        } else {
            (SERVER, CLIENT, self.server, self.port)
        };
        let mut segment = tcp(a, b, seq, flags, payload);
        segment[8..12].copy_from_slice(&self.seq(!client).to_be_bytes());
        ipv4(from, to, 6, &segment)
    }

    /// Where the next segment of a side will stand.
    pub(crate) fn seq(&self, client: bool) -> u32 {
        self.seq[usize::from(!client)]
    }
}

/// Writes a register and has it confirmed: five IPv4 packets.
pub(crate) fn modbus() -> Vec<Vec<u8>> {
    let mut talk = Talk::new(49152, 502);
    let mut out = talk.open();
    out.push(talk.send(true, ACK, &modbus_write(1, 40)));
    out.push(talk.send(false, ACK, &modbus_write(1, 40)));
    out
}

/// Write Single Register, which is answered by itself.
pub(crate) fn modbus_write(transaction: u16, address: u16) -> Vec<u8> {
    let mut out = transaction.to_be_bytes().to_vec();
    out.extend([0, 0, 0, 6, 1, 6]);
    out.extend(address.to_be_bytes());
    out.extend([1, 244]);
    out
}
