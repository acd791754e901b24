//! Examinations made up for the tests: a small hostile one, and one as big as a plant.

use hangtu_catalog::{Bilingual, Level, Scenario};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use std::collections::BTreeMap;

use crate::model::*;

/// What an attacker may put into names, paths and payloads.
pub(super) const HOSTILE: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "=cmd|' /C calc'!A0",
    "</style></title><svg/onload=alert(3)>\u{202e}\0\u{1b}[31m",
];

pub(super) fn both(zh: &str, en: &str) -> Bilingual {
    Bilingual { zh: zh.into(), en: en.into() }
}

fn fields(value: Value) -> Box<RawValue> {
    to_raw_value(&value).unwrap()
}

fn fact(value: &str, via: &str) -> Fact {
    Fact {
        value: value.into(),
        via: via.into(),
        file: "现场/交换机镜像 01.pcapng".into(),
        number: 17,
    }
}

fn asset(id: &str, role: &str, zone: &str, serves: &[&str], uses: &[&str]) -> Asset {
    let strings = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
    let reason = match role {
        "controller" => both("应答写入与下装请求", "answers write and download requests"),
        "engineering-station" => both("向控制器下装程序", "downloads programs to controllers"),
        _ => both("根据通信协议判断", "judged by the protocols it speaks"),
    };
    Asset {
        id: id.into(),
        ips: vec![id.into()],
        macs: vec!["00:1b:1b:4e:22:01".into()],
        interface_vendor: Some("Siemens AG".into()),
        roles: vec![Role { name: role.into(), reason }],
        zone: zone.into(),
        zone_declared: zone.contains('区'),
        serves: strings(serves),
        uses: strings(uses),
        first: "2026-03-02T01:00:00Z".into(),
        last: "2026-03-02T09:59:59.5Z".into(),
        bytes_sent: 1_234_567,
        bytes_received: 98_765,
        ..Asset::default()
    }
}

fn conversation(
    source: &str,
    destination: &str,
    protocol: &str,
    verbs: &[(&str, u64)],
) -> Conversation {
    Conversation {
        source: source.into(),
        destination: destination.into(),
        protocol: protocol.into(),
        sessions: 12,
        bytes: 345_678,
        verbs: verbs.iter().map(|(verb, count)| ((*verb).to_owned(), *count)).collect(),
        first: "2026-03-02T01:00:00Z".into(),
        last: "2026-03-02T09:00:00Z".into(),
    }
}

fn excerpt(number: u64, text: &str) -> Excerpt {
    Excerpt {
        file: "现场/交换机镜像 01.pcapng".into(),
        number,
        offset: number * 96 + 24,
        time: "2026-03-02T06:05:09.123456Z".into(),
        text: text.into(),
        fields: fields(json!({
            "source.ip": "10.10.20.15", "source.port": 49152, "destination.ip": "10.10.30.7",
            "destination.port": 502, "network.protocol": "modbus", "ics.verb": "write",
            "ics.object": "@40 = 500",
        })),
    }
}

fn check(
    id: &str,
    zh: &str,
    en: &str,
    status: CheckStatus,
    reason: Option<Bilingual>,
) -> CheckCoverage {
    CheckCoverage {
        id: id.into(),
        title: both(zh, en),
        scenarios: vec![Scenario::Personnel, Scenario::RemoteOm],
        status,
        rules: 3,
        findings: usize::from(status == CheckStatus::Measured),
        reason,
    }
}

/// Three findings, with hostile strings wherever evidence may put some.
pub(super) fn small() -> Examination {
    let write = Finding {
        fingerprint: "F-0123456789abcdef".into(),
        rule: "hangtu-modbus-write-unapproved".into(),
        title: both("未经授权写入控制器", "Controller written without authorisation"),
        description: both(
            "控制器的寄存器在批准时段之外被写入。写入会直接改变工艺参数，可能造成停机或产品质量事故。",
            "Registers of a controller were written outside the approved time. Writing changes process values at once and can stop the plant or spoil the product.",
        ),
        advice: both(
            "核实操作人员与工单；在控制器前部署访问控制，仅允许已批准的工程师站写入。",
            "Ask who did it and under which work order. Let only approved engineering stations write to the controller.",
        ),
        false_positives: both(
            "批处理系统的正常配方下发。",
            "A batch system that sends its recipes.",
        ),
        scenario: Scenario::Personnel,
        level: Level::High,
        likelihood: 4,
        impact: 4,
        controls: vec!["ICS-09".into(), "PER-02".into()],
        techniques: vec!["T0836".into(), "T0855".into()],
        subject: "10.10.30.7".into(),
        peer: Some("10.10.20.15".into()),
        class: Some("write".into()),
        count: 1_204,
        first: "2026-03-02T06:05:09Z".into(),
        last: "2026-03-02T06:41:00Z".into(),
        windows: vec![Window {
            first: "2026-03-02T06:05:09Z".into(),
            last: "2026-03-02T06:41:00Z".into(),
            count: 1_204,
        }],
        unapproved: Some(Unapproved {
            nearest: Some("WO-2026-0311".into()),
            reasons: vec!["wrong-window".into(), "wrong-source".into(), HOSTILE[0].into()],
            text: both(
                "工单 WO-2026-0311 批准的时段为 08:00 至 12:00，且批准的来源为 10.10.20.11。",
                "Work order WO-2026-0311 approves 08:00 to 12:00 and the station 10.10.20.11.",
            ),
        }),
        evidence: vec![
            excerpt(4_711, "modbus write Write Single Register unit 1 @40 = 500"),
            excerpt(4_733, HOSTILE[0]),
        ],
        status: Some(Status::New),
    };
    let remote = Finding {
        fingerprint: "F-aaaabbbbccccdddd".into(),
        rule: "hangtu-remote-desktop-from-outside".into(),
        title: both("外部主机远程桌面接入生产网", "Remote desktop from outside into the plant"),
        scenario: Scenario::RemoteOm,
        level: Level::Major,
        likelihood: 5,
        impact: 5,
        techniques: vec!["T1021.001".into()],
        subject: "10.10.20.15".into(),
        peer: Some("203.0.113.9".into()),
        class: None,
        count: 2,
        unapproved: None,
        status: Some(Status::Still),
        ..write.clone()
    };
    let name = Finding {
        fingerprint: "F-<b>\"'&".into(),
        rule: HOSTILE[1].into(),
        title: both(HOSTILE[0], HOSTILE[1]),
        description: both(HOSTILE[2], HOSTILE[3]),
        scenario: Scenario::Ransomware,
        level: Level::Light,
        subject: HOSTILE[3].into(),
        peer: Some(HOSTILE[1].into()),
        class: Some(HOSTILE[2].into()),
        controls: vec![HOSTILE[0].into()],
        first: HOSTILE[0].into(),
        unapproved: None,
        status: Some(Status::New),
        ..write.clone()
    };
    let mut hostile = asset(HOSTILE[3], HOSTILE[0], HOSTILE[1], &[HOSTILE[0]], &[HOSTILE[2]]);
    hostile.names = HOSTILE.iter().map(|name| fact(name, "dns")).collect();
    hostile.identity = BTreeMap::from([(HOSTILE[0].to_owned(), fact(HOSTILE[1], "modbus"))]);
    let mut plc = asset("10.10.30.7", "controller", "一号产线控制区", &["modbus"], &[]);
    plc.names = vec![fact("PLC-A1", "lldp")];
    plc.identity = BTreeMap::from([
        ("vendor".to_owned(), fact("Schneider Electric", "modbus")),
        ("model".to_owned(), fact("BMX P34 2020", "modbus")),
        ("firmware".to_owned(), fact("v3.20", "modbus")),
    ]);
    Examination {
        schema: SCHEMA.into(),
        run: Run {
            version: "0.1.0".into(),
            examined_at: "2026-03-03T02:00:00Z".into(),
            inputs: vec![
                Input {
                    path: "现场/交换机镜像 01.pcapng".into(),
                    sha256: "5f".repeat(32),
                    bytes: 48_230_112,
                    format: "pcapng+zstd".into(),
                    entries: 502_113,
                    first: Some("2026-03-02T01:00:00Z".into()),
                    last: Some("2026-03-02T10:00:00Z".into()),
                    problems: vec![Problem {
                        offset: 48_230_004,
                        what: both(
                            "末尾数据包被截断，已读至该处",
                            "The last packet is cut short; read up to it",
                        ),
                    }],
                },
                Input {
                    path: HOSTILE[1].into(),
                    sha256: "00".repeat(32),
                    bytes: 24,
                    format: "pcap".into(),
                    entries: 0,
                    first: None,
                    last: None,
                    problems: vec![],
                },
            ],
            rules: 128,
            rule_ids: vec!["hangtu-modbus-write-unapproved".into()],
            rules_sha256: "ab".repeat(32),
            rule_problems: vec![both(HOSTILE[0], HOSTILE[0])],
            own_sha256: [(HOSTILE[0].into(), "0a".repeat(32))].into(),
            covered: [("F-00000000000000c1".into(), HOSTILE[0].into())].into(),
            matrix: "default/1".into(),
            matrix_sha256: "cd".repeat(32),
            authorisations: Some(AuthorisationsUsed {
                path: HOSTILE[0].into(),
                sha256: "ef".repeat(32),
                entries: 14,
                zones: [(HOSTILE[1].into(), "office".into())].into(),
            }),
        },
        coverage: Coverage {
            logs: vec![LogSource {
                host: "HMI-01".into(),
                source: "Security".into(),
                events: 12_345,
                first: "2026-03-01T01:00:00Z".into(),
                last: "2026-03-02T09:59:59.5Z".into(),
                gap_hours: 7,
                clock_ahead_seconds: Some(-95),
            }],
            first: Some("2026-03-02T01:00:00Z".into()),
            last: Some("2026-03-02T10:00:00Z".into()),
            packets: 502_113,
            records: BTreeMap::from([("operation".into(), 20_114), ("session".into(), 3_301)]),
            protocols: vec![
                ProtocolCoverage {
                    name: "modbus".into(),
                    sessions: 14,
                    operations: 20_003,
                    unreadable: 3,
                },
                ProtocolCoverage {
                    name: HOSTILE[0].into(),
                    sessions: 1,
                    operations: 0,
                    unreadable: 0,
                },
            ],
            checks: vec![
                check(
                    "ICS-09",
                    "仅允许授权的工程师站改写控制器",
                    "Only authorised stations change controllers",
                    CheckStatus::Measured,
                    None,
                ),
                check(
                    "REM-03",
                    "远程运维须经跳板机、强认证并录像",
                    "Remote maintenance passes a recorded jump host",
                    CheckStatus::Error,
                    Some(both(
                        "会话表达到上限，部分会话未记录",
                        "The session table was full; some sessions were not recorded",
                    )),
                ),
                check(
                    "RAN-05",
                    "定期离线备份并验证恢复",
                    "Backups are kept offline and restores are tested",
                    CheckStatus::NotMeasured,
                    Some(both(
                        "网络流量无法反映离线备份情况",
                        "Traffic cannot show offline backups",
                    )),
                ),
            ],
            limits: BTreeMap::from([("sessions".into(), 1_204)]),
            complete: false,
        },
        findings: vec![remote, write, name],
        assets: vec![
            plc,
            asset("10.10.20.15", "engineering-station", "监控区", &["rdp"], &["modbus"]),
            asset("10.10.20.30", "hmi", "监控区", &[], &["modbus"]),
            asset("203.0.113.9", "external", "external", &[], &["rdp"]),
            hostile,
        ],
        conversations: vec![
            conversation(
                "10.10.20.15",
                "10.10.30.7",
                "modbus",
                &[("read", 18_000), ("write", 1_204)],
            ),
            conversation("10.10.20.30", "10.10.30.7", "modbus", &[("read", 799)]),
            conversation("203.0.113.9", "10.10.20.15", "rdp", &[]),
            conversation(HOSTILE[3], "10.10.20.30", HOSTILE[0], &[(HOSTILE[1], 1)]),
        ],
        comparison: Some(Comparison {
            baseline: HOSTILE[1].into(),
            baseline_examined_at: "2026-02-01T02:00:00Z".into(),
            new: 2,
            still: 1,
            gone: vec![Earlier {
                fingerprint: "F-1111222233334444".into(),
                rule: "hangtu-default-password".into(),
                title: both("控制器使用默认口令", "Controller with a default password"),
                level: Level::Medium,
                subject: "10.10.30.8".into(),
                reason: both(
                    "本次覆盖同一资产与协议，未再出现",
                    "The same asset and protocol were covered; it did not appear",
                ),
            }],
            not_retested: vec![Earlier {
                fingerprint: "F-5555666677778888".into(),
                rule: HOSTILE[1].into(),
                title: both(HOSTILE[0], HOSTILE[1]),
                level: Level::Major,
                subject: HOSTILE[3].into(),
                reason: both(
                    "未复测：该资产未在本次证据中出现",
                    "Not re-tested: the asset does not appear in this evidence",
                ),
            }],
        }),
    }
}

/// As big as a plant: `assets` assets and `findings` findings.
pub(super) fn large(assets: usize, findings: usize) -> Examination {
    const ROLES: [(&str, &str, u8); 8] = [
        ("controller", "一号产线控制区", 30),
        ("rtu", "二号产线控制区", 31),
        ("hmi", "监控区", 20),
        ("engineering-station", "监控区", 20),
        ("historian", "生产管理区", 10),
        ("workstation", "192.168.5.0/24", 5),
        ("file-server", "192.168.5.0/24", 5),
        ("controller", "一号产线控制区", 30),
    ];
    let mut out = small();
    let (templates, mut extra) = (out.findings.clone(), Vec::new());
    out.coverage.complete = true;
    out.coverage.limits.clear();
    out.assets.clear();
    out.conversations.clear();
    for i in 0..assets {
        let (role, zone, net) = ROLES[i % ROLES.len()];
        let zone = if i % 29 == 28 { "external" } else { zone };
        let role = if i % 29 == 28 { "external" } else { role };
        let id = format!("10.10.{net}.{}", 10 + i);
        out.assets.push(asset(&id, role, zone, &["modbus", "s7comm"], &["http"]));
    }
    for i in 0..assets {
        let a = out.assets[i].id.clone();
        for (step, protocol) in [(3, "modbus"), (7, "smb"), (1, "s7comm")] {
            let j = (i * step + 5) % assets;
            if i % 8 > 1 && j != i {
                let verbs: &[(&str, u64)] = if protocol == "smb" { &[] } else { &[("read", 40)] };
                out.conversations.push(conversation(
                    &a,
                    &out.assets[j].id.clone(),
                    protocol,
                    verbs,
                ));
            }
        }
    }
    let levels = [Level::Light, Level::Low, Level::Medium, Level::Medium, Level::High];
    for i in 0..findings {
        let talk = &out.conversations[(i * i + i) % (out.conversations.len() / 6)];
        extra.push(Finding {
            fingerprint: format!("F-{i:016x}"),
            level: if i % 40 == 0 { Level::Major } else { levels[i % 5] },
            scenario: Scenario::ALL[(i * 7 / 3) % 4],
            subject: talk.destination.clone(),
            peer: Some(talk.source.clone()),
            status: None,
            ..templates[i % 2].clone()
        });
    }
    extra.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    out.findings = extra;
    out.comparison = None;
    out
}
