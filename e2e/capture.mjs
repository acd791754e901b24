// The plant's office capture a day later and without one host's file sharing: the fault is mended.
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

const SMB = 445;

export function mended(from, to, host, days) {
  const pcap = gunzipSync(readFileSync(from));
  if (pcap.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error(`${from}: not a pcap of microseconds`);
  const out = [pcap.subarray(0, 24)];
  const address = Buffer.from(host.split(".").map(Number));
  let dropped = 0;
  for (let at = 24; at + 16 <= pcap.length;) {
    const length = pcap.readUInt32LE(at + 8);
    const packet = Buffer.from(pcap.subarray(at, at + 16 + length));
    at += 16 + length;
    packet.writeUInt32LE(packet.readUInt32LE(0) + days * 86400, 0);
    // Ethernet, IPv4, TCP without options of IP: what the plant's generator writes.
    const ip = packet.subarray(16 + 14);
    const tcp = packet.readUInt16BE(16 + 12) === 0x0800 && ip[9] === 6;
    const ours = tcp && [12, 16].some(o => ip.subarray(o, o + 4).equals(address));
    const ports = ours ? [ip.readUInt16BE(20), ip.readUInt16BE(22)] : [];
    if (ports.includes(SMB)) dropped += 1; else out.push(packet);
  }
  if (dropped === 0) throw new Error(`${from}: ${host} shares no files`);
  writeFileSync(to, Buffer.concat(out));
}
