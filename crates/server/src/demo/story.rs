//! What the demonstration's people do once their evidence is examined.

use super::{door::Person, training};
use crate::{App, clock, error::Error};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Answers of the data-security officer: control point, choice, note. Two of them say more than
/// the captures show.
const ANSWERS: [(&str, &str, &str); 26] = [
    ("GOV-01", "yes", "2026年1月5日公司文件〔2026〕3号任命，总经理为第一责任人。"),
    ("GOV-02", "yes", ""),
    ("GOV-03", "partly", "制度已成文，尚缺外包人员管理一章。"),
    ("GOV-04", "yes", "2026年度经费已列入预算。"),
    ("CLS-01", "yes", "目录共列出214项，最近一次更新为2026年3月。"),
    ("CLS-02", "partly", "工艺配方已定级，设备运行数据尚未全部定级。"),
    ("CLS-03", "no", ""),
    ("COL-01", "yes", ""),
    ("STO-01", "yes", ""),
    ("STO-02", "partly", "备份与生产共享在同一网段。"),
    ("USE-01", "yes", ""),
    ("TRA-01", "yes", ""),
    ("TRA-02", "no", "部分网关仍以Telnet维护。"),
    ("LOG-01", "partly", "控制区日志保存三个月。"),
    ("RAN-01", "no", "办公网与生产网之间只有一台三层交换机。"),
    ("RAN-02", "yes", "每周异地备份一次，2026年6月做过恢复测试。"),
    ("RAN-03", "partly", ""),
    ("VUL-01", "partly", "清单由供应商提供，尚未核对。"),
    ("VUL-05", "yes", "所有远程桌面和VNC均已设置口令。"),
    ("PER-01", "yes", ""),
    ("PER-02", "yes", ""),
    ("REM-01", "partly", ""),
    ("REM-02", "yes", "未使用商业远程控制软件。"),
    ("REM-07", "no", ""),
    ("IR-01", "yes", ""),
    ("IR-03", "partly", "2026年5月演练中值班员用时18分钟。"),
];

/// A step on the first finding of a rule.
struct Step {
    who: &'static str,
    rule: &'static str,
    takes: &'static str,
    text: &'static str,
}

/// Rules whose findings somebody works on.
const RDP: &str = "096428c5-4f68-4def-aa40-b71008f2a9d9";
const VNC: &str = "69584a01-3921-4864-8347-737c900b0d3b";
const SUNLOGIN: &str = "77a26b91-1c3c-45b5-8f13-5606164025c0";
const TELNET: &str = "9ceb14a8-3216-4b06-be29-d898758fe45c";
const UPLOAD: &str = "9a154d94-d032-4c0f-9fee-301925d45845";
const CLOCK: &str = "1be7f69a-2f30-451a-8f65-0a1ab4194d22";

const STEPS: [Step; 12] = [
    Step {
        who: "officer", rule: RDP, takes: "assign", text: "先在边界防火墙上关闭3389端口。"
    },
    Step { who: "member", rule: RDP, takes: "start", text: "" },
    Step {
        who: "member",
        rule: RDP,
        takes: "comment",
        text: "防火墙端口映射已删除，等待采集新的流量复测。",
    },
    Step { who: "member", rule: RDP, takes: "ready", text: "" },
    Step { who: "officer", rule: VNC, takes: "assign", text: "" },
    Step { who: "member", rule: VNC, takes: "start", text: "" },
    Step {
        who: "officer", rule: SUNLOGIN, takes: "assign", text: "请与设备供应商核对。"
    },
    Step {
        who: "officer",
        rule: TELNET,
        takes: "ask-accept",
        text: "网关型号不支持SSH，2027年大修时更换。",
    },
    Step {
        who: "approver", rule: TELNET, takes: "approve", text: "同意，按月复核访问名单。"
    },
    Step {
        who: "officer",
        rule: UPLOAD,
        takes: "dispute",
        text: "该时段为工艺科例行备份，工单未及时登记。",
    },
    Step {
        who: "officer",
        rule: CLOCK,
        takes: "ask-not-applicable",
        text: "授时由集团时钟服务器统一下发，不属于本厂操作。",
    },
    Step {
        who: "approver",
        rule: CLOCK,
        takes: "refuse",
        text: "抓包显示来源为厂内工作站，请补充依据。",
    },
];

/// The people of the story.
pub(super) struct People(pub(super) BTreeMap<&'static str, Person>);

impl People {
    pub(super) fn of(&self, account: &str) -> Result<&Person, Error> {
        self.0.get(account).ok_or(Error::NotFound)
    }
}

/// Waits for the examination, then works on what it found, answers, and freezes a report.
pub(super) async fn tell(app: &App, people: &People, run: &str) -> Result<(), Error> {
    let officer = people.of("officer")?;
    loop {
        let run = officer.get(&format!("/runs/{run}")).await?;
        match run["state"].as_str().unwrap_or_default() {
            "queued" | "running" => tokio::time::sleep(Duration::from_millis(200)).await,
            "done" => break,
            other => return Err(Error::internal(format!("the demonstration's run is {other}"))),
        }
    }
    let member = colleague(app, "member").await?;
    let approver = colleague(app, "approver").await?;
    training::learn(app, people, &member, &approver).await?;
    answer(officer, &member).await?;
    correct(people, &member).await?;
    officer.post("/reports", &json!({})).await?;
    Ok(())
}

async fn colleague(app: &App, account: &str) -> Result<String, Error> {
    let found: (String,) = sqlx::query_as("SELECT id FROM person WHERE account = $1")
        .bind(account)
        .fetch_one(&mut *app.db.read().await?)
        .await?;
    Ok(found.0)
}

async fn answer(officer: &Person, member: &str) -> Result<(), Error> {
    let round = officer.post("/answers/open", &json!({})).await?["id"].clone();
    for (control, choice, note) in ANSWERS {
        let typed = json!({ "round": round, "version": 0, "choice": choice, "note": note });
        officer.post(&format!("/answers/questions/{control}"), &typed).await?;
    }
    let due = clock::day(clock::now() + 14 * 24 * 3600 * clock::SECOND).to_string();
    let hand = json!({ "round": round, "group": "ICS", "person": member, "due": due });
    officer.post("/answers/assign", &hand).await?;
    Ok(())
}

async fn correct(people: &People, member: &str) -> Result<(), Error> {
    let found = people.of("officer")?.get("/findings").await?;
    let found = found["findings"].as_array().cloned().unwrap_or_default();
    let until = clock::day(clock::now() + 60 * 24 * 3600 * clock::SECOND).to_string();
    for step in STEPS {
        let Some(id) = found.iter().find(|f| f["rule"] == step.rule).and_then(|f| f["id"].as_str())
        else {
            return Err(Error::internal(format!("the demonstration did not find {}", step.rule)));
        };
        let mut act = json!({ "step": step.takes, "text": step.text });
        match step.takes {
            "assign" => act["owner"] = Value::from(member),
            "ask-accept" => {
                act["measure"] = Value::from("仅允许工程师站地址登录，并在防火墙上记录。");
                act["until"] = Value::from(until.as_str());
            }
            _ => {}
        }
        people.of(step.who)?.post(&format!("/findings/{id}/step"), &act).await?;
    }
    Ok(())
}
