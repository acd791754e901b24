//! SMB 3.0.2 (MS-SMB2): a log-on, a share, and what is done to files on it.

use super::{
    ntlm::{self, User},
    utf16,
};
use crate::plant::{clock::Time, host::Host, line::Line, net::Net};

const NEGOTIATE: u16 = 0;
const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const SET_INFO: u16 = 17;

const MORE_PROCESSING: u32 = 0xc000_0016;
/// File information classes (MS-FSCC §2.4).
const RENAME: u8 = 10;
const DISPOSITION: u8 = 13;
/// How much one request moves.
const CHUNK: usize = 4096;

/// A client's connection with a share open.
pub(in crate::plant) struct Smb {
    line: Line,
    session: u64,
    tree: u32,
    message: u64,
    file: u64,
}

impl Smb {
    /// Connects, logs on and opens the share.
    pub(in crate::plant) fn open(
        net: &mut Net,
        time: Time,
        (client, user): (Host, User),
        (server, name): (Host, &str),
        share: &str,
    ) -> Self {
        let line = Line::open(net, time, client, server, 445);
        let mut smb = Self { line, session: 0, tree: 0, message: 0, file: 0x0400 };
        let mut hello = vec![36, 0, 1, 0, 1, 0, 0, 0, 0x7f, 0, 0, 0];
        hello.extend(net.random.bytes(16));
        hello.extend([0; 8]);
        hello.extend([0x02, 0x03]);
        let mut agreed = vec![65, 0, 1, 0, 0x02, 0x03, 0, 0];
        agreed.extend(net.random.bytes(16));
        agreed.extend([0x2f, 0, 0, 0]);
        // Largest transaction, read and write; times; no token.
        agreed.extend([0x00, 0x00, 0x10, 0x00].repeat(3));
        agreed.extend([0; 16]);
        agreed.extend([128, 0, 0, 0, 0, 0, 0, 0]);
        smb.ask(net, NEGOTIATE, 0, &hello, &agreed);

        smb.session = net.random.next() >> 16;
        let challenge = ntlm::challenge(name, &net.random.bytes(8));
        let proof = ntlm::proof(net);
        smb.setup(net, MORE_PROCESSING, &ntlm::negotiate(), &challenge);
        smb.setup(net, 0, &ntlm::authenticate(user, &proof), &[]);

        smb.tree = 5;
        let path = utf16(&format!("\\\\{name}\\{share}"));
        let length = (path.len() as u16).to_le_bytes();
        let tree = [&[9, 0, 0, 0, 72, 0][..], &length, &path].concat();
        let disk = [16, 0, 1, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0xff, 0x01, 0x1f, 0];
        smb.ask(net, TREE_CONNECT, 0, &tree, &disk);
        smb
    }

    fn setup(&mut self, net: &mut Net, status: u32, token: &[u8], answer: &[u8]) {
        let length = (token.len() as u16).to_le_bytes();
        let ask = [&[25, 0, 0, 1][..], &[0; 8], &[88, 0], &length, &[0; 8], token].concat();
        let length = (answer.len() as u16).to_le_bytes();
        let say = [&[9, 0, 0, 0, 72, 0][..], &length, answer].concat();
        self.ask(net, SESSION_SETUP, status, &ask, &say);
    }

    fn frame(&self, command: u16, status: u32, answer: bool, body: &[u8]) -> Vec<u8> {
        let mut out = vec![0];
        out.extend(&(64 + body.len() as u32).to_be_bytes()[1..]);
        out.extend(b"\xfeSMB\x40\0\x01\0");
        out.extend(status.to_le_bytes());
        out.extend([command, 31].map(u16::to_le_bytes).concat());
        out.extend([u32::from(answer), 0].map(u32::to_le_bytes).concat());
        out.extend(self.message.to_le_bytes());
        out.extend([0xfeff, self.tree].map(u32::to_le_bytes).concat());
        out.extend(self.session.to_le_bytes());
        out.extend([0; 16]);
        out.extend(body);
        out
    }

    fn ask(&mut self, net: &mut Net, command: u16, status: u32, ask: &[u8], say: &[u8]) {
        let request = self.frame(command, 0, false, ask);
        let answer = self.frame(command, status, true, say);
        self.message += 1;
        self.line.ask(net, &request, &answer);
    }

    fn id(&self) -> Vec<u8> {
        [self.file, 0xffff_ffff_0000_0000 | self.file].map(u64::to_le_bytes).concat()
    }

    /// Opens a file, creating it where it is new.
    fn create(&mut self, net: &mut Net, path: &str, new: bool) {
        self.file += 1;
        let name = utf16(path);
        let mut ask = vec![57, 0, 0, 0, 2, 0, 0, 0];
        ask.extend([0; 16]);
        // Access, attributes, sharing, disposition (open, or create), options.
        ask.extend(
            [0x0013_019f, 0x80, 7, if new { 2 } else { 1 }, 0x40].map(u32::to_le_bytes).concat(),
        );
        ask.extend([120, name.len() as u16].map(u16::to_le_bytes).concat());
        ask.extend([0; 8]);
        ask.extend(name);
        let mut say = vec![89, 0, 0, 0];
        say.extend([if new { 2_u32 } else { 1 }].map(u32::to_le_bytes).concat());
        say.extend([0; 48]);
        say.extend([0x80, 0].map(u32::to_le_bytes).concat());
        say.extend(self.id());
        say.extend([0; 8]);
        self.ask(net, CREATE, 0, &ask, &say);
    }

    fn close_file(&mut self, net: &mut Net) {
        let ask = [&[24, 0, 0, 0, 0, 0, 0, 0][..], &self.id()].concat();
        let say = [&[60, 0][..], &[0; 58]].concat();
        self.ask(net, CLOSE, 0, &ask, &say);
    }

    fn read_file(&mut self, net: &mut Net, content: &[u8]) {
        for (number, part) in content.chunks(CHUNK).enumerate() {
            let mut ask = vec![49, 0, 0x50, 0];
            ask.extend((part.len() as u32).to_le_bytes());
            ask.extend(((number * CHUNK) as u64).to_le_bytes());
            ask.extend(self.id());
            ask.extend([0; 17]);
            let length = (part.len() as u32).to_le_bytes();
            let say = [&[17, 0, 0x50, 0][..], &length, &[0; 8], part].concat();
            self.ask(net, READ, 0, &ask, &say);
        }
    }

    fn write_file(&mut self, net: &mut Net, content: &[u8]) {
        for (number, part) in content.chunks(CHUNK).enumerate() {
            let mut ask = vec![49, 0, 112, 0];
            ask.extend((part.len() as u32).to_le_bytes());
            ask.extend(((number * CHUNK) as u64).to_le_bytes());
            ask.extend(self.id());
            ask.extend([0; 16]);
            ask.extend(part);
            let length = (part.len() as u32).to_le_bytes();
            let say = [&[17, 0, 0, 0][..], &length, &[0; 8]].concat();
            self.ask(net, WRITE, 0, &ask, &say);
        }
    }

    fn set_info(&mut self, net: &mut Net, class: u8, info: &[u8]) {
        let length = (info.len() as u32).to_le_bytes();
        let ask = [&[33, 0, 1, class][..], &length, &[96, 0, 0, 0, 0, 0, 0, 0], &self.id(), info];
        self.ask(net, SET_INFO, 0, &ask.concat(), &[2, 0]);
    }

    fn rename_file(&mut self, net: &mut Net, target: &str) {
        let name = utf16(target);
        let length = (name.len() as u32).to_le_bytes();
        self.set_info(net, RENAME, &[&[0; 16][..], &length, &name].concat());
    }

    /// Reads a whole file.
    pub(in crate::plant) fn read(&mut self, net: &mut Net, time: Time, path: &str, content: &[u8]) {
        self.line.wait(time);
        self.create(net, path, false);
        self.read_file(net, content);
        self.close_file(net);
    }

    /// Writes a new file.
    pub(in crate::plant) fn write(
        &mut self,
        net: &mut Net,
        time: Time,
        path: &str,
        content: &[u8],
    ) {
        self.line.wait(time);
        self.create(net, path, true);
        self.write_file(net, content);
        self.close_file(net);
    }

    /// Reads a file, overwrites it and gives it another name.
    pub(in crate::plant) fn encrypt(
        &mut self,
        net: &mut Net,
        time: Time,
        (path, target): (&str, &str),
        (plain, cipher): (&[u8], &[u8]),
    ) {
        self.line.wait(time);
        self.create(net, path, false);
        self.read_file(net, plain);
        self.write_file(net, cipher);
        self.rename_file(net, target);
        self.close_file(net);
    }

    /// Deletes a file.
    pub(in crate::plant) fn delete(&mut self, net: &mut Net, time: Time, path: &str) {
        self.line.wait(time);
        self.create(net, path, false);
        self.set_info(net, DISPOSITION, &[1]);
        self.close_file(net);
    }

    pub(in crate::plant) const fn now(&self) -> Time {
        self.line.now()
    }

    pub(in crate::plant) fn close(self, net: &mut Net) {
        self.line.close(net);
    }
}
