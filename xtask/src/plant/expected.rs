//! What examination must find: the incidents, and the findings each of them makes.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// Something planted.
pub(super) struct Incident {
    pub(super) scenario: &'static str,
    /// Local time.
    pub(super) time: &'static str,
    pub(super) path: &'static str,
    pub(super) what: [&'static str; 2],
    /// Why no authorisation covers it, in English and Chinese.
    pub(super) uncovered: [&'static str; 2],
    pub(super) findings: &'static [Planted],
}

/// One finding: the rule's file without its scenario, subject, peer, class.
pub(super) type Planted = (&'static str, &'static str, &'static str, &'static str);

const NO_AUTHORISATION: [&str; 2] = ["no authorisation can cover it", "此类行为无从授权"];

pub(super) const INCIDENTS: [Incident; 14] = [
    Incident {
        scenario: "remote_om",
        time: "08:45–08:58",
        path: "10.20.3.15 → 10.20.2.11:5900",
        what: [
            "The shift desk watches and moves an operator station over VNC without a password",
            "值班台通过无口令的VNC查看并操控操作站",
        ],
        uncovered: [
            "no remote ticket names the shift desk, the operator station or VNC",
            "没有任何远程工单涉及值班台、操作站或VNC",
        ],
        findings: &[
            ("remote_om/vnc-without-password", "10.20.2.11", "", ""),
            ("remote_om/remote-session-into-control", "10.20.2.11", "10.20.3.15", "vnc"),
            ("remote_om/remote-session-to-station", "10.20.2.11", "", ""),
        ],
    },
    Incident {
        scenario: "vuln_backdoor",
        time: "09:05",
        path: "10.20.2.31 → 10.20.1.21:23",
        what: [
            "The engineering station logs on to a controller over Telnet",
            "工程师站以Telnet登录控制器",
        ],
        uncovered: [
            "no remote ticket covers a shell on the water PLC",
            "没有远程工单允许登录水处理PLC的命令行",
        ],
        findings: &[
            ("vuln_backdoor/telnet-clear-text", "10.20.1.21", "10.20.2.31", ""),
            ("remote_om/shell-on-controller", "10.20.1.21", "", ""),
        ],
    },
    Incident {
        scenario: "vuln_backdoor",
        time: "09:45–10:30",
        path: "10.20.2.11 → 192.88.99.66:443",
        what: [
            "A beacon: the water operator station calls a public address every minute",
            "信标：水处理操作站每分钟呼叫一次公网地址",
        ],
        uncovered: [
            "DF-01 declares another source and another destination",
            "DF-01 申报的是另一来源和另一去向",
        ],
        findings: &[
            ("vuln_backdoor/beacon", "10.20.2.11", "192.88.99.66", ""),
            ("vuln_backdoor/station-on-internet", "10.20.2.11", "", ""),
            ("remote_om/production-to-internet", "10.20.2.11", "", ""),
        ],
    },
    Incident {
        scenario: "vuln_backdoor",
        time: "10:17, 18:17",
        path: "10.20.1.31 → 192.88.99.71:8883",
        what: [
            "The packing controller reports to a server of its integrator on the Internet",
            "包装控制器向集成商的公网服务器上报状态",
        ],
        uncovered: [
            "DF-01 declares another source and another destination",
            "DF-01 申报的是另一来源和另一去向",
        ],
        findings: &[
            ("vuln_backdoor/controller-talks-outside", "10.20.1.31", "", ""),
            ("remote_om/production-to-internet", "10.20.1.31", "", ""),
        ],
    },
    Incident {
        scenario: "ransomware",
        time: "11:02",
        path: "10.30.1.77 → 10.30.1.100–135:445",
        what: [
            "An office computer looks for shares on its whole subnet",
            "办公电脑在整个网段内寻找文件共享",
        ],
        uncovered: NO_AUTHORISATION,
        findings: &[("ransomware/smb-fan-out", "10.30.1.77", "", "")],
    },
    Incident {
        scenario: "ransomware",
        time: "11:08–11:12",
        path: "10.30.1.77 → 10.30.0.20:445",
        what: [
            "It encrypts 48 files to .locked, leaves notes in 12 folders and deletes 12 backups",
            "加密48个文件并改名为.locked，在12个文件夹留下勒索信，删除12个备份",
        ],
        uncovered: NO_AUTHORISATION,
        findings: &[
            ("ransomware/smb-encrypted-overwrite", "10.30.1.77", "10.30.0.20", ""),
            ("ransomware/smb-mass-rename", "10.30.1.77", "10.30.0.20", ""),
            ("ransomware/known-extension", "10.30.1.77", "10.30.0.20", ""),
            ("ransomware/ransom-note", "10.30.0.20", "10.30.1.77", ""),
            ("ransomware/same-note-in-many-folders", "10.30.1.77", "10.30.0.20", ""),
            ("ransomware/backup-files-touched", "10.30.0.20", "10.30.1.77", ""),
        ],
    },
    Incident {
        scenario: "ransomware",
        time: "11:31",
        path: "10.30.1.77 → 10.20.3.20:445",
        what: [
            "The same computer opens the recipe server's share in the plant",
            "同一电脑打开生产区配方服务器的共享",
        ],
        uncovered: NO_AUTHORISATION,
        findings: &[("ransomware/office-to-production", "10.20.3.20", "10.30.1.77", "")],
    },
    Incident {
        scenario: "vuln_backdoor",
        time: "12:40–12:43",
        path: "10.20.2.199 → 10.20.1.0/24:502",
        what: [
            "An unknown device searches for controllers, then probes functions and addresses of one",
            "不明设备搜寻控制器，并探测其中一台的功能码和地址",
        ],
        uncovered: NO_AUTHORISATION,
        findings: &[
            ("vuln_backdoor/industrial-port-scan", "10.20.2.199", "", ""),
            ("vuln_backdoor/modbus-function-scan", "10.20.1.21", "10.20.2.199", ""),
            ("vuln_backdoor/address-sweep", "10.20.1.21", "10.20.2.199", ""),
        ],
    },
    Incident {
        scenario: "remote_om",
        time: "14:41–15:48",
        path: "10.20.9.10 → 10.20.2.20:22",
        what: [
            "A maintenance session on the historian goes on after its ticket ended",
            "历史库维护会话超出工单时限仍在继续",
        ],
        uncovered: ["RM-2026-017 ended at 15:00", "RM-2026-017 于15:00到期"],
        findings: &[("remote_om/remote-session-into-control", "10.20.2.20", "10.20.9.10", "ssh")],
    },
    Incident {
        scenario: "remote_om",
        time: "15:02, 15:32",
        path: "10.20.2.12 → 192.88.99.200:443",
        what: [
            "Sunlogin runs on the kiln and packing operator station",
            "窑炉包装操作站运行向日葵远程控制",
        ],
        uncovered: [
            "AT-01 approves another tool on another computer",
            "AT-01 批准的是另一电脑上的另一工具",
        ],
        findings: &[
            ("remote_om/sunlogin", "10.20.2.12", "", ""),
            ("remote_om/production-to-internet", "10.20.2.12", "", ""),
            ("vuln_backdoor/station-on-internet", "10.20.2.12", "", ""),
        ],
    },
    Incident {
        scenario: "personnel",
        time: "16:35",
        path: "10.30.2.15 → 10.20.1.21:502",
        what: [
            "An office computer writes set points of the water plant",
            "办公电脑改写水处理设定值",
        ],
        uncovered: [
            "ST-HMI1 may write to the water PLC, this computer may not",
            "可写水处理PLC的是ST-HMI1，不是这台电脑",
        ],
        findings: &[
            ("personnel/process-write", "10.20.1.21", "10.30.2.15", ""),
            ("vuln_backdoor/industrial-protocol-from-office", "10.20.1.21", "10.30.2.15", "modbus"),
        ],
    },
    Incident {
        scenario: "personnel",
        time: "17:20, 18:22",
        path: "10.20.2.12 → 10.20.1.12, 10.20.1.11:102",
        what: [
            "The operator station copies the kiln's program and sets the mixer's clock",
            "操作站上载窑炉程序，并设置配料PLC时钟",
        ],
        uncovered: [
            "ST-HMI2 may read and write the kiln, not upload; the mixer's clock is for ST-SCADA to set",
            "ST-HMI2 对窑炉只可读写，不可上载；配料PLC的时钟只可由ST-SCADA设置",
        ],
        findings: &[
            ("personnel/program-upload", "10.20.1.12", "10.20.2.12", ""),
            ("personnel/clock-set", "10.20.1.11", "10.20.2.12", ""),
        ],
    },
    Incident {
        scenario: "personnel",
        time: "19:42–19:49",
        path: "10.20.2.31 → 10.20.1.11:102",
        what: [
            "The engineering station stops the mixing PLC at night and starts it again",
            "工程师站夜间停止配料PLC，随后又启动",
        ],
        uncovered: ["WO-2026-0302 ended at 16:00", "WO-2026-0302 于16:00到期"],
        findings: &[
            ("personnel/controller-stop", "10.20.1.11", "10.20.2.31", ""),
            ("personnel/controller-start", "10.20.1.11", "10.20.2.31", ""),
        ],
    },
    Incident {
        scenario: "remote_om",
        time: "20:14–20:33",
        path: "192.88.99.120 → 10.20.2.31:3389",
        what: [
            "Remote desktop from the Internet to the engineering station",
            "来自公网的远程桌面登录工程师站",
        ],
        uncovered: [
            "RM-2026-017 ended at 15:00 and begins at the plant's VPN, not on the Internet",
            "RM-2026-017 于15:00到期，且来源应为厂区VPN而非公网",
        ],
        findings: &[
            ("remote_om/rdp-from-internet", "10.20.2.31", "", ""),
            ("remote_om/remote-session-to-station", "10.20.2.31", "", ""),
        ],
    },
];

/// Id, and titles in English and Chinese, of the rule in a file that reports.
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) scenario: String,
    pub(super) title: [String; 2],
}

/// Reads those lines of a rule file that are needed.
pub(super) fn rule(root: &Path, name: &str) -> Result<Rule> {
    let path = root.join("content/rules").join(format!("{name}.yml"));
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let reports = |document: &&str| !document.contains("base: true");
    let document = text.split("\n---\n").find(reports).context("a rule that reports")?;
    let value = |start: &str| {
        let line = document.lines().find_map(|line| line.strip_prefix(start));
        line.map(|v| v.trim().to_owned()).with_context(|| format!("{name}: {start}"))
    };
    let title = [value("title:")?, value("    title:")?];
    Ok(Rule { id: value("id:")?, scenario: value("  scenario:")?, title })
}

/// `expected.json`.
pub(super) fn json(root: &Path) -> Result<Vec<u8>> {
    let text = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    let mut list = Vec::new();
    for incident in &INCIDENTS {
        for (name, subject, peer, class) in incident.findings {
            let rule = rule(root, name)?;
            list.push(json!({
                "rule": rule.id,
                "title": rule.title[0],
                "scenario": rule.scenario,
                "subject": subject,
                "peer": text(peer),
                "class": text(class),
            }));
        }
    }
    let mut out = serde_json::to_vec_pretty(&list)?;
    out.push(b'\n');
    Ok(out)
}
