//! Mapping files: those that are shipped, and their slips.

use crate::{events, maps, show};
use encoding_rs::GB18030;
use hangtu_logs::LogMap;
use insta::assert_snapshot;

#[test]
fn firewalls_and_gateways() {
    let lines = [
        "<189>2026-03-02 14:00:00 USG6000 %%01POLICY/6/POLICYPERMIT(l)[7]:vsys=public, protocol=6, source-ip=10.20.2.11, source-port=50000, destination-ip=10.20.1.21, destination-port=502, time=2026/3/2 14:00:00, policy-name=to plc, Action=permit.",
        "<190>%Mar  2 14:00:00:123 2026 H3C FILTER/6/FILTER_ZONE_IPV4_EXECUTION: SrcZoneName(1025)=Trust;DstZoneName(1035)=Untrust;Protocol(1001)=TCP;SrcIPAddr(1003)=10.20.2.11;SrcPort(1004)=50000;DstIPAddr(1007)=10.20.1.21;DstPort(1008)=502;Action(1053)=Deny;",
        "id=tos time=\"2026-03-02 14:00:00\" fw=TopsecOS pri=6 type=ac src=10.20.2.11 dst=10.20.1.21 sport=50000 dport=502 proto=tcp rule=deny msg=\"a b\"",
        "<189>date=2026-03-02 time=14:00:00 devname=\"FG100\" devid=\"FG1\" logid=\"0101039424\" type=\"event\" tz=\"+0800\" action=\"ssl-login-fail\" user=\"eng\" remip=203.0.113.9 status=\"failed\" msg=\"bad \\\"pw\\\"\"",
    ];
    assert_snapshot!(lines.map(|line| show(line.as_bytes())).join("\n"));
}

#[test]
fn operator_tables_of_chinese_windows() {
    let text = "组态王报警记录,,\r\n事件日期,事件时间,变量名,事件类型,操作员,报警值/旧值,恢复值/新值,结果\r\n26/03/02,14:00:00,反应釜温度,操作,张三,80,\"9\r\n5\",\r\n26/03/02,14:01:00,,登录失败,李四,,,失败\r\nbad,,,\r\n";
    let (gbk, ..) = GB18030.encode(text);
    let shown = show(&gbk);
    assert_eq!(
        shown.replace(char::is_numeric, ""),
        show(text.as_bytes()).replace(char::is_numeric, "")
    );
    assert_snapshot!(shown);
}

#[test]
fn other_tables_are_recognised() {
    let alarm = "日期;时间;编号;消息文本;状态\n2026-03-02;14:00:00;17;压力高;到达\n";
    let vpn = "时间,用户名,源IP,行为,结果\n2026-03-02 14:00:00,eng,203.0.113.9,登录,登录失败\n";
    let audit = "Date/Time,User Name,Computer Name,Action,Object,Old Value,New Value\n3/2/2026 2:00:00 PM,eng,OS1,Set,T1,1,2\n";
    let ifix = "ALM_NATIVETIMEIN,ALM_PHYSLNODE,ALM_TAGNAME,ALM_MSGTYPE,ALM_DESCR\n2026-03-02 14:00:00,SCADA1,FIC1,OPERATOR,set\n";
    let esig = "Date,Time,Node,Tag,Performed By,Old Value,New Value\n2026-03-02,14:00:00,SCADA1,FIC1,eng,1,2\n";
    assert_snapshot!([alarm, vpn, audit, ifix, esig].map(|t| show(t.as_bytes())).join("\n"));
}

#[test]
fn shipped_maps_have_distinct_names_and_slips_are_named() {
    let all = maps();
    let mut names: Vec<_> = all.iter().map(LogMap::name).collect();
    names.dedup();
    assert_eq!(names.len(), all.len());
    let slip = |text: &str| LogMap::parse("my.yml", text).unwrap_err().to_string();
    let base = "version: 1\nname: x\nform: csv\ntime: { columns: [t], formats: [iso] }\n";
    assert_snapshot!(
        [
            slip("version: 2\nname: x\nform: csv\ntime: { columns: [t], formats: [iso] }"),
            slip(base),
            slip(&format!("{base}recognise: {{ pattern: '(' }}\ncolumns: [t]")),
            slip(&format!("{base}recognise: {{ header: [a] }}\ncolour: red")),
            slip(&format!("{base}recognise: {{ header: [a] }}\ndelimiter: 'x'")),
        ]
        .join("\n---\n")
    );
}

/// What the schema says against a mapping file.
fn faults(text: &str) -> Vec<String> {
    let schema = include_str!("../../../../docs/schema/logmap-1.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::meta::validate(&schema).expect("the schema keeps to JSON Schema");
    let file: serde_json::Value = serde_saphyr::from_str(text).expect("YAML");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    validator.iter_errors(&file).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn shipped_maps_and_the_document_keep_to_the_schema() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../content/logmaps");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(faults(&text), Vec::<String>::new(), "{}", path.display());
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let map = LogMap::parse(stem, &text).unwrap();
        assert_eq!(map.name(), stem, "a map is named after its file");
        let document = include_str!("../../../../docs/logmaps.md");
        assert!(document.contains(&format!("`{stem}`")), "{stem} is not in docs/logmaps.md");
    }
    let document = include_str!("../../../../docs/logmaps.md");
    let example = document.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    assert_eq!(faults(example), Vec::<String>::new());
    LogMap::parse("example", example).unwrap();
}

#[test]
fn a_row_without_end_quote_is_damage_and_the_rows_before_it_stay() {
    let text = "时间,用户名,行为,结果\n2026-03-02 14:00:00,a,登录,成功\n2026-03-02 14:00:01,\"b,登录,成功\n";
    let (found, _) = events(text.as_bytes());
    assert_eq!(found[0].text("user.name"), Some("a"));
}
