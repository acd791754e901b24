//! Evidence as it comes: damaged, unreadable, empty, steering.

use super::*;

#[test]
fn damage_is_named_with_its_place() {
    let out = folder("damage");
    let whole = fs::read(root().join(MORNING)).expect("a capture");
    let cut = out.join("cut.pcapng");
    fs::write(&cut, &whole[..60_000]).expect("it can be written");
    for (language, said) in [
        ("en", "Damaged evidence: OUT/cut.pcapng at byte 59964: The file ends inside a record"),
        ("zh-CN", "证据损坏：OUT/cut.pcapng 第 59964 字节处：文件在一条记录中途结束"),
    ] {
        let ran = hangtu(&["examine", text(&cut), "--out", text(&out), "--lang", language]);
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(shown(&ran.out, &out).contains(said), "{}", ran.out);
        // Beside the output of others.
        for command in ["records", "assets"] {
            let ran = hangtu(&[command, text(&cut), "--lang", language]);
            assert!(shown(&ran.err, &out).contains(said), "{}", ran.err);
        }
    }
    let findings = json(&out.join("findings.json"));
    assert_eq!(findings["coverage"]["complete"], false);
    assert_eq!(findings["run"]["inputs"][0]["problems"][0]["offset"], 59964);
    assert_eq!(hangtu(&["records", text(&cut)]).code, 3);
    assert_eq!(hangtu(&["assets", text(&cut)]).code, 3);
}

#[test]
fn what_cannot_be_read_is_named_and_counted() {
    let out = folder("unreadable");
    let day = out.join("day");
    let deep = day.join(["d"; 33].join("/"));
    fs::create_dir_all(&deep).expect("folders");
    fs::copy(root().join(MORNING), day.join("whole.pcapng")).expect("a capture");
    fs::write(day.join("half.zip"), b"PK\x03\x04 and no more").expect("it can be written");
    let secret = day.join("secret.pcapng");
    fs::copy(root().join(MORNING), &secret).expect("a capture");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).expect("ours");
        std::os::unix::fs::symlink(root().join(MORNING), day.join("link.pcapng")).expect("a link");
    }
    let mut names = vec![format!("{}: ", text(&deep)), "half.zip: ".to_owned()];
    if cfg!(unix) {
        names.push("link.pcapng: it is a symbolic link".into());
    }
    // Root reads everything.
    if fs::File::open(&secret).is_err() {
        names.push("secret.pcapng: permission denied".into());
        let named = hangtu(&["examine", text(&secret), "--out", text(&out)]);
        assert_eq!(named.code, 2);
        assert!(named.err.contains("secret.pcapng: permission denied"), "{}", named.err);
    }
    let ran = hangtu(&["examine", text(&day), "--out", text(&out)]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    let findings = json(&out.join("findings.json"));
    assert_eq!(findings["coverage"]["complete"], false);
    assert_eq!(findings["coverage"]["limits"]["unreadable-files"], names.len());
    let records = hangtu(&["records", text(&day)]);
    assert_eq!(records.code, 3);
    for name in names {
        assert!(ran.out.contains(&name), "{name} is not named: {}", ran.out);
        assert!(records.err.contains(&name), "{name} is not named: {}", records.err);
    }
}

#[test]
fn an_empty_capture_has_no_times() {
    let out = folder("empty");
    let empty = out.join("empty.pcap");
    let header: [u8; 24] =
        [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
    fs::write(&empty, header).expect("it can be written");
    let ran = hangtu(&["examine", text(&empty), "--out", text(&out)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let first = ran.out.lines().next();
    assert_eq!(first, Some("Examined: packets 0 · log entries 0 · inputs 1"));
}

#[test]
fn evidence_does_not_steer_the_terminal() {
    let out = folder("escapes");
    let log = out.join("auth\u{1b}[2J.log");
    let line = |second: u32| {
        format!(
            "<86>1 2026-03-02T06:00:0{second}Z gw\u{1b}[2J-1 sshd 411 - - Failed password for \
             ro\u{1b}[31mot from 10.9.0.7 port 50122 ssh2\n"
        )
    };
    fs::write(&log, (0..5).map(line).collect::<String>()).expect("it can be written");
    let rule = out.join("own.yml");
    let own = "title: A log-on\nid: own-escape\nlogsource: {product: hangtu, category: event}\n\
               detection: {selection: {event.action: ssh-login}, condition: selection}\nlevel: low\n";
    fs::write(&rule, own).expect("it can be written");
    let from = out.join("findings.json");
    let (log, rule) = (text(&log), text(&rule));
    let runs: [&[&str]; 5] = [
        &["examine", log, "--rules", rule, "--out", text(&out)],
        &["explain", "own-escape", "--from", text(&from)],
        &["assets", log],
        &["timeline", log],
        &["timeline", log, "--show", "logons"],
    ];
    for run in runs {
        let ran = hangtu(run);
        assert_eq!(ran.code, 0, "{run:?}: {}", ran.err);
        assert!(ran.out.contains("[2J-1"), "{run:?}: {}", ran.out);
        assert!(!ran.out.contains('\u{1b}'), "{run:?}: {:?}", ran.out);
    }
}
