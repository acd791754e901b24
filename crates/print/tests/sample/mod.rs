//! One document in each language that uses every kind of block.

use hangtu_catalog::Language;
use hangtu_print::{Align, Bar, Block, Cell, Column, Document, Image, Run, Table, Tone, plain};

/// Two by two pixels.
pub(crate) const PNG: &[u8] = include_bytes!("dot.png");

pub(crate) fn document(language: Language) -> Document {
    let zh = language == Language::Chinese;
    let t = |zh_text: &str, en_text: &str| if zh { zh_text } else { en_text }.to_owned();
    let heading = |level, zh, en| Block::Heading { level, text: t(zh, en) };
    let column = |zh, en, width, align| Column { title: t(zh, en), width, align };
    let columns = vec![
        column("序号", "No.", 1, Align::Centre),
        column("检查项", "Item examined", 4, Align::Left),
        column("依据", "Basis", 4, Align::Left),
        column("结论", "Result", 2, Align::Left),
        column("数量", "Count", 1, Align::Right),
    ];
    let row = |n: usize| {
        let (result, tone) = match n % 4 {
            0 => (t("不符合", "Not met"), Tone::Bad),
            1 => (t("部分符合", "Partly met"), Tone::Warn),
            2 => (t("符合", "Met"), Tone::Good),
            _ => (t("未检测", "Not measured"), Tone::Neutral),
        };
        vec![
            Cell::new(n.to_string()),
            Cell::new(t(
                "工程师站与控制器之间的程序下装是否经过审批",
                "Whether program downloads from engineering stations to controllers are approved",
            )),
            Cell::new(t(
                "《工业数据安全管理办法》第十二条",
                "Measures on Industrial Data Security, Article 12",
            )),
            Cell::new(result).tone(tone),
            Cell::new((n * 37).to_string()),
        ]
    };
    Document {
        language,
        title: t("工业数据安全自查报告", "Self-examination report on industrial data security"),
        subtitle: t("华东某化工厂三号生产线", "Line 3 of a chemical plant in East China"),
        number: "HT-2026-000318".into(),
        date: jiff::civil::date(2026, 11, 23),
        organisation: t("某某化工有限公司", "Example Chemical Co., Ltd."),
        facts: vec![
            (
                t("检查范围", "Scope"),
                t("控制网、监控网及数据交换区", "Control, supervision and exchange networks"),
            ),
            (t("检查时段", "Period"), "2026-11-01 – 2026-11-20".into()),
        ],
        blocks: vec![
            heading(1, "一、总体结论", "1  Summary"),
            Block::Callout {
                tone: Tone::Bad,
                title: t(
                    "发现两项高风险问题，须于三十日内完成整改",
                    "Two high risks, to be put right within thirty days",
                ),
                text: plain(t(
                    "工程师站在未经审批的情况下向控制器下装程序；历史数据经互联网出口外传。",
                    "Programs were downloaded to controllers without approval; historian data left through the internet gateway.",
                )),
            },
            Block::Paragraph(vec![
                Run::plain(t(
                    "本次自查依据有关规定，对生产线的网络流量与主机日志进行检测，共发现风险问题",
                    "The traffic and host logs of the line were examined under the applicable rules; ",
                )),
                Run::bold(t("7 项", "7 findings")),
                Run::plain(t(
                    "，涉及资产 18 个。其中最严重的一项出现在主机 ",
                    " concern 18 assets. The gravest was seen on host ",
                )),
                Run::code("eng-ws-07"),
                Run::plain(t(
                    " 上。未发现不等于不存在，本结论仅对列为“已检测”的控制点有效。",
                    ". What was not found may still exist: the result holds for the control points that were measured.",
                )),
            ]),
            Block::Pairs(vec![
                (t("证据文件", "Evidence"), plain("day-01.pcapng, day-02.pcapng")),
                (
                    t("摘要值", "Digest"),
                    vec![Run::code(
                        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    )],
                ),
            ]),
            heading(2, "（一）控制点覆盖情况", "1.1  Coverage of control points"),
            Block::Bars(vec![
                Bar { label: t("数据采集", "Collection"), value: 18, denominator: 24 },
                Bar { label: t("数据传输", "Transmission"), value: 9, denominator: 9 },
                Bar { label: t("数据出境", "Export"), value: 0, denominator: 3 },
                Bar { label: t("不适用", "Not applicable"), value: 0, denominator: 0 },
            ]),
            heading(2, "（二）整改要求", "1.2  What must be done"),
            Block::List {
                numbered: true,
                items: vec![
                    plain(t(
                        "建立程序下装审批台账，并与运维工单逐项核对。",
                        "Keep a register of approved downloads and reconcile it with work orders.",
                    )),
                    plain(t(
                        "关闭历史数据库的互联网出口。",
                        "Close the historian's way to the internet.",
                    )),
                ],
            },
            Block::List {
                numbered: false,
                items: vec![
                    plain(t("责任部门：生产技术部", "Responsible: production engineering")),
                    plain(t("完成时限：2026年12月23日", "Due: 23 December 2026")),
                ],
            },
            heading(1, "二、检查明细", "2  Details"),
            Block::Table(Table { columns, rows: (1..=30).map(row).collect() }),
            Block::Image(Image {
                png: PNG.to_vec(), alt: t("网络结构图", "Map of the network")
            }),
            Block::PageBreak,
            heading(3, "附：签字", "Signatures"),
            Block::Paragraph(plain(t("负责人：\n日　期：", "Responsible:\nDate:"))),
        ],
    }
}
