use super::REGISTRATION;
use crate::decode::{Side, drive, held};
use hangtu_record::{FileVerb, Transport};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn frame(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let mut message = message.clone();
        if at + 1 < messages.len() {
            message.resize(message.len().next_multiple_of(8), 0);
            let next = message.len() as u32;
            message[20..24].copy_from_slice(&next.to_le_bytes());
        }
        out.extend_from_slice(&message);
    }
    [&(out.len() as u32).to_be_bytes()[..], &out].concat()
}

/// One SMB 2 message; responses carry a status.
fn v2(command: u16, id: u64, related: bool, response: Option<u32>, body: &[&[u8]]) -> Vec<u8> {
    let flags = u32::from(response.is_some()) | if related { 4 } else { 0 };
    [
        b"\xfeSMB\x40\0\0\0".as_slice(),
        &response.unwrap_or(0).to_le_bytes(),
        &command.to_le_bytes(),
        &[0; 2],
        &flags.to_le_bytes(),
        &[0; 4],
        &id.to_le_bytes(),
        &[0; 4],
        &7_u32.to_le_bytes(),
        &9_u64.to_le_bytes(),
        &[0; 16],
        &body.concat(),
    ]
    .concat()
}

fn create(id: u64, path: &str, options: u32) -> Vec<u8> {
    let path = utf16(path);
    let length = (path.len() as u16).to_le_bytes();
    let fixed = [&[57, 0][..], &[0; 38], &options.to_le_bytes(), &[120, 0], &length, &[0; 8]];
    v2(5, id, false, None, &[&fixed.concat(), &path])
}

fn created(id: u64, file: u8, action: u8) -> Vec<u8> {
    v2(5, id, false, Some(0), &[&[89, 0, 0, 0, action, 0, 0, 0], &[0; 56], &[file; 16], &[0; 8]])
}

fn plain(command: u16, id: u64) -> Vec<u8> {
    v2(command, id, false, Some(0), &[&[0; 60]])
}

fn set_info(id: u64, related: bool, class: u8, info: &[u8]) -> Vec<u8> {
    let length = (info.len() as u32).to_le_bytes();
    let fixed = [&[33, 0, 1, class][..], &length, &[96, 0], &[0; 6], &[0xff; 16]];
    v2(0x11, id, related, None, &[&fixed.concat(), info])
}

fn close(id: u64, related: bool, file: u8) -> Vec<u8> {
    v2(6, id, related, None, &[&[24, 0, 0, 0, 0, 0, 0, 0], &[file; 16]])
}

fn write(id: u64, file: u8, data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u32).to_le_bytes();
    let fixed = [&[49, 0, 112, 0][..], &length, &[0; 8], &[file; 16], &[0; 16]];
    v2(9, id, false, None, &[&fixed.concat(), data])
}

fn log_on() -> Vec<u8> {
    let (domain, user, host) = (utf16("PLANT"), utf16("li"), utf16("HMI-7"));
    let mut token = b"NTLMSSP\0\x03\0\0\0".to_vec();
    let mut offset = 72_u32;
    for part in [&[][..], &[], &domain, &user, &host, &[]] {
        let length = (part.len() as u16).to_le_bytes();
        token.extend_from_slice(&[length, length].concat());
        token.extend_from_slice(&offset.to_le_bytes());
        offset += part.len() as u32;
    }
    token.extend_from_slice(&0x0200_0001_u32.to_le_bytes());
    token.extend_from_slice(&[10, 0, 0x61, 0x4a, 0, 0, 0, 15]);
    let token = [token, domain, user, host].concat();
    let length = (token.len() as u16).to_le_bytes();
    v2(1, 2, false, None, &[&[25, 0], &[0; 10], &[88, 0], &length, &[0; 8], &token])
}

fn run(segments: &[(Side, Vec<u8>)]) -> String {
    let pieces = segments.iter().flat_map(|(side, bytes)| bytes.chunks(1460).map(|c| (*side, c)));
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, pieces);
    crate::protocol::told(&out, &facts)
}

#[test]
fn files_of_smb2_in_compounds_and_large_writes() {
    use Side::{Client as C, Server as S};
    let share = utf16("\\\\FS1\\Projects");
    let tree = [&[9, 0, 0, 0, 72, 0][..], &(share.len() as u16).to_le_bytes(), &share].concat();
    let target = utf16("line1.zap17.locked");
    let rename = [&[0; 16][..], &(target.len() as u32).to_le_bytes(), &target].concat();
    let noise: Vec<u8> =
        (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let segments = [
        (S, frame(&[v2(0, 0, false, Some(0), &[&[65, 0, 0, 0, 0x11, 3], &[0; 60]])])),
        (C, frame(&[log_on()])),
        (S, frame(&[plain(1, 2)])),
        (C, frame(&[v2(3, 3, false, None, &[&tree])])),
        (S, frame(&[v2(3, 3, false, Some(0), &[&[16, 0, 1, 0], &[0; 12]])])),
        // Rename: create, set the name, close, all in one frame.
        (
            C,
            frame(&[
                create(4, "line1.zap17", 0),
                set_info(5, true, 10, &rename),
                close(6, true, 0xff),
            ]),
        ),
        (S, frame(&[created(4, 1, 1), plain(0x11, 5), plain(6, 6)])),
        // Write: 300 KB in a frame that must be streamed, by a created file.
        (C, frame(&[create(7, "cam\\a.bin", 0)])),
        (S, frame(&[created(7, 2, 2)])),
        (C, frame(&[write(8, 2, &noise)])),
        (S, frame(&[plain(9, 8)])),
        (C, frame(&[close(9, false, 2)])),
        (S, frame(&[plain(6, 9)])),
        // Delete on close; the answer to the close is never seen.
        (C, frame(&[create(10, "old.prj", 0x1000)])),
        (S, frame(&[created(10, 3, 1)])),
        (C, frame(&[close(11, false, 3)])),
        // A refused deletion, after bytes that are no frame.
        (
            C,
            [b"lost".to_vec(), frame(&[create(12, "keep.prj", 0), set_info(13, true, 13, &[1])])]
                .concat(),
        ),
        (S, frame(&[created(12, 4, 1), v2(0x11, 13, true, Some(0xc000_0022), &[&[9, 0]])])),
    ];
    insta::assert_snapshot!(run(&segments), @r#"
    network.protocol_version = 3.1.1
    authentication.method = ntlm
    user.name = li
    user.domain = PLANT
    host.hostname = HMI-7
    authentication.outcome = success
    smb.share = Projects
    rename Projects:line1.zap17 -> line1.zap17.locked, 0 bytes, status 0x0, by li, #6
    create Projects:cam\a.bin, 0 bytes, status 0x0, by li, #8
    write Projects:cam\a.bin, 300000 bytes, entropy 7.999, status 0x0, by li, #15
    delete Projects:keep.prj, 0 bytes, status 0xc0000022, by li, #222
    delete Projects:old.prj, 0 bytes, status 0x0, by li, #219
    1 unreadable smb
    "#);
}

#[test]
fn what_was_written_before_a_rename_has_the_old_name() {
    use Side::{Client as C, Server as S};
    let target = utf16("plan.csv.locked");
    let rename = [&[0; 16][..], &(target.len() as u32).to_le_bytes(), &target].concat();
    let mut named = set_info(3, false, 10, &rename);
    // This request names the file itself, the first one opened.
    let id = named.len() - rename.len() - 16;
    named[id..id + 16].fill(1);
    let segments = [
        (C, frame(&[create(1, "plan.csv", 0)])),
        (S, frame(&[created(1, 1, 1)])),
        (C, frame(&[write(2, 1, b"first")])),
        (S, frame(&[plain(9, 2)])),
        (C, frame(&[named])),
        (S, frame(&[plain(0x11, 3)])),
        (C, frame(&[write(4, 1, b"second!")])),
        (S, frame(&[plain(9, 4)])),
        (C, frame(&[close(5, false, 1)])),
        (S, frame(&[plain(6, 5)])),
    ];
    insta::assert_snapshot!(run(&segments), @"
    rename :plan.csv -> plan.csv.locked, 0 bytes, status 0x0, by , #5
    write :plan.csv, 5 bytes, status 0x0, by , #3
    write :plan.csv.locked, 7 bytes, status 0x0, by , #7
    ");
}

#[test]
fn files_change_without_being_sent_and_refusals_leave_a_trace() {
    use Side::{Client as C, Server as S};
    let control = 0x0014_80f2_u32.to_le_bytes();
    let copy = v2(11, 2, false, None, &[&[57, 0, 0, 0], &control, &[2; 16], &[0; 32]]);
    let output = [112, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let total = 100_000_u32.to_le_bytes();
    let reply: [&[u8]; 6] = [&[49, 0, 0, 0], &control, &[2; 16], &[0; 8], &output, &total];
    let opening = |id: u64, path: &str, options: u32| {
        let mut open = create(id, path, options);
        // Open what is there.
        open[100] = 1;
        open
    };
    let refused = |id: u64| v2(5, id, false, Some(0xc000_0022), &[&[9, 0]]);
    let segments = [
        (C, frame(&[create(1, "copy.bin", 0)])),
        (S, frame(&[created(1, 2, 2)])),
        (C, frame(&[copy])),
        (S, frame(&[v2(11, 2, false, Some(0), &reply)])),
        (C, frame(&[close(3, false, 2)])),
        (S, frame(&[plain(6, 3)])),
        // Emptied by setting its end.
        (
            C,
            frame(&[opening(4, "db.mdf", 0), set_info(5, true, 20, &[0; 8]), close(6, true, 0xff)]),
        ),
        (S, frame(&[created(4, 3, 1), plain(0x11, 5), plain(6, 6)])),
        (C, frame(&[create(7, "new.txt", 0)])),
        (S, frame(&[refused(7)])),
        (C, frame(&[opening(8, "old.txt", 0x1000)])),
        (S, frame(&[refused(8)])),
        (C, frame(&[opening(9, "read.txt", 0)])),
        (S, frame(&[refused(9)])),
        (C, frame(&[[&b"\xfcSMB"[..], &[0; 60]].concat()])),
    ];
    insta::assert_snapshot!(run(&segments), @"
    service.name = compressed
    create :copy.bin, 0 bytes, status 0x0, by , #1
    write :copy.bin, 100000 bytes, status 0x0, by , #3
    write :db.mdf, 0 bytes, status 0x0, by , #7
    create :new.txt, 0 bytes, status 0xc0000022, by , #9
    delete :old.txt, 0 bytes, status 0xc0000022, by , #11
    ");
}

#[test]
fn what_nothing_answers_is_not_told_as_done() {
    use Side::Client as C;
    let target = utf16("a.csv.locked");
    let rename = [&[0; 16][..], &(target.len() as u32).to_le_bytes(), &target].concat();
    // A file is named by an identifier that only the answer to its opening tells.
    let mut delete = set_info(10, false, 13, &[1]);
    let id = delete.len() - 17;
    delete[id..id + 16].fill(4);
    let segments = [
        (C, frame(&[create(1, "a.csv", 0), set_info(2, true, 10, &rename), close(3, true, 0xff)])),
        (C, frame(&[create(4, "b.csv", 0), set_info(5, true, 13, &[1]), close(6, true, 0xff)])),
        (C, frame(&[create(7, "c.csv", 0x1000), close(8, true, 0xff)])),
        (C, frame(&[create(9, "d.csv", 0)])),
        (C, frame(&[delete])),
        (C, frame(&[close(11, false, 4)])),
        (C, frame(&[write(12, 5, b"x")])),
        (C, frame(&[close(13, false, 5)])),
    ];
    insta::assert_snapshot!(run(&segments), @"
    rename :a.csv -> a.csv.locked, 0 bytes, status 0x103, by , #1
    delete :b.csv, 0 bytes, status 0x103, by , #2
    delete :c.csv, 0 bytes, status 0x103, by , #3
    delete :, 0 bytes, status 0x103, by , #5
    write :, 1 bytes, status 0x103, by , #7
    ");
}

/// One SMB 1 message with one command.
fn v1(command: u8, mid: u16, response: bool, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let flags = if response { 0x88 } else { 0x08 };
    [
        b"\xffSMB".as_slice(),
        &[command, 0, 0, 0, 0, flags, 0x01, 0xc0],
        &[0; 12],
        &[7, 0, 1, 0, 5, 0],
        &mid.to_le_bytes(),
        &[(words.len() / 2) as u8],
        words,
        &(bytes.len() as u16).to_le_bytes(),
        bytes,
    ]
    .concat()
}

#[test]
fn files_of_smb1() {
    use Side::{Client as C, Server as S};
    let text = |t: &str| [utf16(t), vec![0, 0]].concat();
    let name = utf16("\\recipe.csv");
    let mut open = vec![0xff, 0, 0, 0, 0];
    open.extend_from_slice(&(name.len() as u16).to_le_bytes());
    open.extend_from_slice(&[0; 41]);
    let mut opened = vec![0xff, 0, 0, 0, 0, 0x0a, 0x40, 2, 0, 0, 0];
    opened.extend_from_slice(&[0; 57]);
    let data: Vec<u8> = (0..1024_u32).map(|n| b"0123456789,\n"[n as usize % 12]).collect();
    let mut put = vec![0xff, 0, 0, 0, 0x0a, 0x40];
    put.extend_from_slice(&[0; 12]);
    put.extend_from_slice(&[0, 0, 0, 4, 64, 0, 0, 0, 0, 0]);
    let rename = [&[4][..], &text("\\a.txt"), &[4, 0], &text("\\b.txt")].concat();
    let connect = [&[0][..], &text("\\\\PANEL\\DATA"), b"?????\0"].concat();
    let segments = [
        (C, frame(&[v1(0x75, 1, false, &[0xff, 0, 0, 0, 0, 0, 1, 0], &connect)])),
        (S, frame(&[v1(0x75, 1, true, &[0xff, 0, 0, 0, 0, 0], b"A:\0")])),
        (C, frame(&[v1(0xa2, 2, false, &open, &[&[0][..], &name].concat())])),
        (S, frame(&[v1(0xa2, 2, true, &opened, &[])])),
        (C, frame(&[v1(0x2f, 3, false, &put, &[&[0][..], &data].concat())])),
        (S, frame(&[v1(0x2f, 3, true, &[0xff, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0], &[])])),
        (C, frame(&[v1(4, 4, false, &[0x0a, 0x40, 0, 0, 0, 0], &[])])),
        (S, frame(&[v1(4, 4, true, &[], &[])])),
        (C, frame(&[v1(7, 5, false, &[0x16, 0], &rename)])),
        (S, frame(&[v1(7, 5, true, &[], &[])])),
        (C, frame(&[v1(6, 6, false, &[0x16, 0], &[&[4][..], &text("\\c.txt")].concat())])),
    ];
    insta::assert_snapshot!(run(&segments), @r#"
    network.protocol_version = 1.0
    smb.share = DATA
    create DATA:recipe.csv, 0 bytes, status 0x0, by , #3
    write DATA:recipe.csv, 1024 bytes, entropy 3.585, status 0x0, by , #5
    rename DATA:a.txt -> b.txt, 0 bytes, status 0x0, by , #9
    delete DATA:c.txt, 0 bytes, status 0x103, by , #11
    "#);
}

#[test]
fn only_so_many_files_are_sampled_at_a_time() {
    use Side::{Client as C, Server as S};
    let data: Vec<u8> = (0..=255).cycle().take(300).collect();
    let mut segments = Vec::new();
    for file in 1..=100_u8 {
        segments.push((C, frame(&[write(file.into(), file, &data)])));
        segments.push((S, frame(&[plain(9, file.into())])));
    }
    let written = segments.len();
    for file in 1..=100_u8 {
        let id = 1000 + u64::from(file);
        segments.push((C, frame(&[close(id, false, file)])));
        segments.push((S, frame(&[plain(6, id)])));
    }
    let pieces = || segments.iter().map(|(side, bytes)| (*side, &bytes[..]));
    let (out, _) = drive(&REGISTRATION, Transport::Tcp, pieces());
    let sampled = out.records.files.iter().filter(|f| f.entropy.is_some()).count();
    assert_eq!((out.file_count, sampled), (100, 64));
    assert!(out.records.files.iter().all(|f| f.verb == FileVerb::Write && f.size == Some(300)));
    // What was kept of them is let go with them.
    let open = held(&REGISTRATION, pieces().take(written));
    let closed = held(&REGISTRATION, pieces());
    assert!(closed + 64 * 1024 < open, "{closed} of {open}");
}

#[test]
fn long_chains_of_smb1_are_not_followed_to_their_end() {
    const OPEN_ANDX: u8 = 0x2d;
    let mut blocks = Vec::new();
    for n in 1..4000_u16 {
        let [low, high] = (39 + 8 * n).to_le_bytes();
        blocks.extend_from_slice(&[2, OPEN_ANDX, 0, low, high, 0xff, 0xff, 0]);
    }
    blocks.extend_from_slice(&b"ab".repeat(15_000));
    let message = frame(&[v1(OPEN_ANDX, 1, false, &[OPEN_ANDX, 0, 39, 0], &blocks)]);
    let segments = std::iter::repeat_n((Side::Client, &message[..]), 100);
    let (out, facts) = drive(&REGISTRATION, Transport::Tcp, segments);
    let told = crate::protocol::told(&out, &facts);
    assert_eq!(told, "network.protocol_version = 1.0\n");
}
