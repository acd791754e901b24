//! The README of the example plant, in both languages.

use super::expected::{INCIDENTS, Incident, rule};
use anyhow::Result;
use std::{fmt::Write, path::Path};

const ENGLISH: &str = "\
# Example plant

*[中文在下方](#示范厂)*

One local day (Monday 2 March 2026, 07:00–21:00, UTC+8) of a small invented plant: a mixing and a
kiln line, packing, a water plant, a pump station and a substation. Examine it with what was
approved for that day:

```console
$ hangtu examine examples/plant
```

**Every file here is generated** by `cargo xtask plant` (seed SEED): every packet is built by code
in `xtask/src/plant`, none was captured anywhere. Do not edit them; change the code and generate
again. A test compares the files with the code, and what an examination finds with
`expected.json`. Polls are thinned out to one in four minutes. Public addresses are from
192.88.99.0/24, which belongs to nobody any more (RFC 7526).

| file | seen at | time |
|---|---|---|
| `control-0700.pcapng` | mirror ports of control, supervision and operations (three interfaces) | 07:00–16:00 |
| `control-1600.pcap.zst` | the trunk of the same (802.1Q tags, nanoseconds) | 16:00–21:00 |
| `office.pcap.gz` | office and DMZ | 07:00–21:00 |
| `authorisations.yaml` | zones, assets, people, stations, work orders, a remote ticket, a flow, a tool | |
| `expected.json` | the findings an examination must make: these and no others | |

## The plant

| zone | network | who |
|---|---|---|
| control | 10.20.1.0/24 | S7-300 .11 (mixing), S7-400 .12 (kiln), Modicon M340 .21 (water), power meter .22, ControlLogix .31 (packing), DNP3 RTU .41 (pumps), IEC 104 RTU .51 (substation) |
| supervision | 10.20.2.0/24 | SCADA .10, operator stations .11 and .12, historian .20, engineering station .31 |
| operations | 10.20.3.0/24 | MES .10, shift desk .15, recipe server .20 |
| DMZ | 10.20.9.0/24 | jump host .10, resolver .53 |
| office | 10.30.0.0/16 | directory 0.10, file server 0.20, intranet 0.30, backup 0.40, computers |
| maintenance VPN | 10.40.0.0/24 | the maintenance company |

## What is ordinary

SCADA, operator stations and the historian poll over S7comm, Modbus, EtherNet/IP, DNP3 and
IEC 104; RTUs report by themselves; operators change set points within their stations' standing
verbs; the SCADA server operates a breaker and sets the substation's clock; work order
WO-2026-0302 stops, loads and starts the mixing PLC at 14:12; ticket RM-2026-017 lets the
maintenance company through the jump host from 13:05; the MES sends figures to the group (DF-01);
the laboratory uses an approved assistant (AT-01); computers get addresses and names; people read
and write files; the file server is backed up in the evening. None of it is a finding.

## What is planted
";

const CHINESE: &str = "\
# 示范厂

一家虚构小厂的一个工作日（2026年3月2日星期一07:00至21:00，东八区）：配料与窑炉生产线、包装、水处理、泵站和变电站。
结合当日的批准事项进行检查：

```console
$ hangtu examine examples/plant
```

**本目录所有文件均由** `cargo xtask plant` **生成**（种子 SEED）：每个数据包都由 `xtask/src/plant` 中的代码构造，
没有任何一个来自真实网络。请勿手工修改；应修改代码后重新生成。测试会核对文件与代码是否一致，以及检查结果与
`expected.json` 是否完全相符。轮询已稀释为每四分钟一次。公网地址取自已无归属的 192.88.99.0/24（RFC 7526）。

| 文件 | 采集位置 | 时间 |
|---|---|---|
| `control-0700.pcapng` | 控制、监控、运行管理三区镜像口（三个接口） | 07:00–16:00 |
| `control-1600.pcap.zst` | 上述三区的中继链路（带802.1Q标签，纳秒精度） | 16:00–21:00 |
| `office.pcap.gz` | 办公网与隔离区 | 07:00–21:00 |
| `authorisations.yaml` | 区域、资产、人员、工作站、工单、远程维护工单、申报的数据流、批准的工具 | |
| `expected.json` | 检查应得出的全部发现，不多不少 | |

## 厂区

| 区域 | 网段 | 成员 |
|---|---|---|
| 控制 | 10.20.1.0/24 | S7-300 .11（配料）、S7-400 .12（窑炉）、Modicon M340 .21（水处理）、电能表 .22、ControlLogix .31（包装）、DNP3 RTU .41（泵站）、IEC 104 远动 .51（变电站） |
| 监控 | 10.20.2.0/24 | 监控服务器 .10、操作站 .11 和 .12、历史库 .20、工程师站 .31 |
| 运行管理 | 10.20.3.0/24 | 制造执行系统 .10、值班台 .15、配方服务器 .20 |
| 隔离区 | 10.20.9.0/24 | 跳板机 .10、域名解析 .53 |
| 办公 | 10.30.0.0/16 | 域控制器 0.10、文件服务器 0.20、门户 0.30、备份 0.40、办公电脑 |
| 维护VPN | 10.40.0.0/24 | 维保单位 |

## 日常运行

监控服务器、操作站和历史库通过S7comm、Modbus、EtherNet/IP、DNP3、IEC 104轮询；RTU主动上报；操作员在工作站常设权限内
修改设定值；监控服务器遥控断路器并为变电站对时；14:12起按工单WO-2026-0302停机、下装、启动配料PLC；13:05起维保单位
凭工单RM-2026-017经跳板机接入；制造执行系统按DF-01向集团上报产量；化验室使用已批准的智能助手（AT-01）；办公电脑
获取地址和名称；人员读写文件；文件服务器晚间备份。以上均不构成发现。

## 植入的事件
";

const SCENARIOS: [(&str, [&str; 2]); 4] = [
    ("ransomware", ["ransomware", "勒索病毒攻击"]),
    ("vuln_backdoor", ["vulnerabilities and back-doors", "漏洞后门"]),
    ("personnel", ["illegal operation by personnel", "人员违规操作"]),
    ("remote_om", ["uncontrolled remote maintenance", "失控远程运维"]),
];

pub(super) fn text(root: &Path, seed: u64) -> Result<Vec<u8>> {
    let seed = format!("{seed:#x}");
    let mut out = ENGLISH.replace("SEED", &seed);
    table(&mut out, root, 0)?;
    out.push('\n');
    out.push_str(&CHINESE.replace("SEED", &seed));
    table(&mut out, root, 1)?;
    Ok(out.into_bytes())
}

fn table(out: &mut String, root: &Path, language: usize) -> Result<()> {
    out.push_str(
        [
            "\n| time | incident | scenario | source → destination | rules | why nothing covers it |\n",
            "\n| 时间 | 事件 | 风险场景 | 来源 → 去向 | 规则 | 为何无授权覆盖 |\n",
        ][language],
    );
    out.push_str("|---|---|---|---|---|---|\n");
    for incident in &INCIDENTS {
        let Incident { scenario, time, path, what, uncovered, findings } = incident;
        let known = SCENARIOS.iter().find(|(name, _)| name == scenario);
        let scenario = known.map_or(*scenario, |(_, names)| names[language]);
        let rules: Result<Vec<String>> =
            findings.iter().map(|f| Ok(rule(root, f.0)?.title[language].clone())).collect();
        let (what, why, rules) = (what[language], uncovered[language], rules?.join("<br>"));
        writeln!(out, "| {time} | {what} | {scenario} | {path} | {rules} | {why} |")?;
    }
    Ok(())
}
