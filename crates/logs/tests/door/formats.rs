//! Synthesised lines of every format.

use crate::{events, show};
use encoding_rs::GB18030;
use insta::assert_snapshot;

fn utf16le(text: &str) -> Vec<u8> {
    let mut out = vec![0xff, 0xfe];
    text.encode_utf16().for_each(|unit| out.extend(unit.to_le_bytes()));
    out
}

#[test]
fn audit_records_of_a_serial_are_one_event() {
    assert_snapshot!(show(
        b"node=eng-01 type=SYSCALL msg=audit(1767312000.125:7): arch=c000003e syscall=59 success=yes exit=0 a0=55 items=1 ppid=10 pid=11 auid=1000 uid=0 comm=\"sh\" exe=\"/usr/bin/dash\" key=(null)\x1dARCH=x86_64 SYSCALL=execve AUID=\"alice\" UID=\"root\"\n\
        node=eng-01 type=SYSCALL msg=audit(1767312000.130:8): arch=c00000b7 syscall=203 success=no exit=-111 a0=3 items=0 ppid=10 pid=12 auid=4294967295 uid=0 comm=\"nc\" exe=\"/usr/bin/nc\" key=6E657400\n\
        node=eng-01 type=EXECVE msg=audit(1767312000.125:7): argc=3 a0=\"sh\" a1=2D63 a2_len=20 a2[0]=636174202F6574 a2[1]=632F706173737764\n\
        node=eng-01 type=PATH msg=audit(1767312000.125:7): item=0 name=2F746D702F6120622E7368 nametype=NORMAL\n\
        node=eng-01 type=SOCKADDR msg=audit(1767312000.130:8): saddr=020001BB0A1402030000000000000000\n\
        node=eng-01 type=EOE msg=audit(1767312000.130:8): \n\
        node=eng-01 type=EOE msg=audit(1767312000.125:7): \n\
        node=eng-01 type=PROCTITLE msg=audit(1767312000.125:7): proctitle=7368002D63\n\
        type=USER_AUTH msg=audit(1767312001.5:9): pid=90 uid=0 auid=4294967295 msg='op=PAM:authentication grantors=? acct=\"bob\" exe=\"/usr/sbin/sshd\" hostname=10.20.2.11 addr=10.20.2.11 terminal=ssh res=failed'\n\
        not a record\n\
        type=AVC msg=audit(1767312002.000:10): avc:  denied  { read } for  pid=1 comm=\"x\" path=\"/a\" scontext=u:r\n"
    ));
}

#[test]
fn syslog_lines_and_known_programs() {
    let text = "\
Dec 31 23:59:58 plc-gw sshd[311]: Accepted publickey for eng from 10.20.2.11 port 50122 ssh2: RSA SHA256:abc
Jan  1 00:00:02 plc-gw sshd[312]: Failed password for invalid user a from b from 10.20.2.12 port 50123 ssh2
Jan  1 00:00:03 plc-gw sudo:    alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/tar -c ; x
Jan  1 00:00:04 plc-gw su(pam_unix)[14]: session opened for user root by alice(uid=1000)
Jan  1 00:00:05 plc-gw CRON[15]: (root) CMD (/opt/backup.sh)
Jan  1 00:00:06 plc-gw useradd[16]: new user: name=svc, UID=1003, GID=1003, home=/home/svc
Jan  1 00:00:07 plc-gw usermod[17]: add 'svc' to group 'sudo'
Jan  1 00:00:08 plc-gw kernel: [ 12.5] usb 1-1: New USB device found, idVendor=0781, idProduct=5567, bcdDevice= 1.00
Jan  1 00:00:09 plc-gw systemd[1]: Failed to start Historian.
  continued here
\u{4}garbage without a header
<38>1 2026-03-02T06:00:00.5+08:00 fw app 77 LOGIN [meta@1 who=\"a\\\"b\" n=\"1\"][x y=\"z\"] \u{feff}hello
<13>2026-03-02T06:00:01Z host2 systemd-logind[5]: New session 3 of user alice.
Mar  2 2026 06:00:00 sw1 passwd[9]: password for 'bob' changed by 'root'
56 <34>Mar  2 06:00:03 h login[3]: LOGIN ON tty1 BY alice  47 <34>Mar  2 06:00:04 h x: message repeated once.
Mar  2 06:00:05 h sshd[4]: message repeated 2 times: [ Failed none for root from ::1 port 22 ssh2]
2026-09-28 04:30:30, Info                  CBS    Loaded Servicing Stack
";
    assert_snapshot!(show(text.as_bytes()));
}

#[test]
fn the_journal_in_both_exports() {
    let json = r#"{"__REALTIME_TIMESTAMP":"1772402400123456","_HOSTNAME":"hist","SYSLOG_IDENTIFIER":"sudo","_COMM":"sudo","_PID":"812","PRIORITY":"5","SYSLOG_FACILITY":"10","MESSAGE":"eng : TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/sh","_GROUPS":["a","b"],"BIG":null}
{"__REALTIME_TIMESTAMP":"1772402401000000","MESSAGE":[104,105,27,255],"_COMM":"x"}
{"__REALTIME_TIMESTAMP":"17724024
{"__REALTIME_TIMESTAMP":"1772402402000000","MESSAGE":"after"}
"#;
    assert_snapshot!("journal_json", show(json.as_bytes()));
    let mut export = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1772402400123456\n_HOSTNAME=hist\nMESSAGE\n\x07\0\0\0\0\0\0\0two\n\nli\n_PID=7\nPRIORITY=3\n\n".to_vec();
    export.extend(b"__CURSOR=s=2\n__REALTIME_TIMESTAMP=1772402401000000\nMESSAGE\n\xff\xff\xff\xff\0\0\0\0bad\n\n");
    export.extend(b"__CURSOR=s=3\n__REALTIME_TIMESTAMP=1772402402000000\nMESSAGE=after\n\n");
    assert_snapshot!("journal_export", show(&export));
}

const XML: &str = r#"<?xml version="1.0" encoding="utf-8"?><Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID Qualifiers='0'>4625</EventID><Version>0</Version><Level>0</Level><Task>12544</Task><Opcode>0</Opcode><Keywords>0x8010000000000000</Keywords><TimeCreated SystemTime='2026-03-02T06:00:00.1234567Z'/><EventRecordID>9</EventRecordID><Correlation ActivityID='{A}'/><Execution ProcessID='600' ThreadID='700'/><Channel>Security</Channel><Computer>hmi-01</Computer><Security/></System><EventData><Data Name='TargetUserName'>op&amp;er&#97;tor</Data><Data Name='IpAddress'>10.20.2.11</Data><Data Name='Empty'/><Data>bare</Data></EventData><RenderingInfo Culture='zh-CN'><Message>帐户登录失败。</Message><Level>信息</Level></RenderingInfo></Event>
<Event xmlns='x'><System><Provider Name='Broken'/><EventID>1</EventID>
<Event xmlns='x'><System><Provider Name='Eventlog'/><EventID>1102</EventID><TimeCreated SystemTime='2026-03-02T06:00:01Z'/><Channel>Security</Channel><Computer>hmi-01</Computer><Security UserID='S-1-5-18'/></System><UserData><LogFileCleared xmlns='y' kind='k'><SubjectUserName>eng</SubjectUserName><Inner><Leaf a='1'/></Inner></LogFileCleared></UserData></Event></Events>"#;

#[test]
fn windows_events_as_xml() {
    assert_snapshot!(show(XML.as_bytes()));
    let (plain, wide) = (events(XML.as_bytes()), events(&utf16le(XML)));
    assert_eq!(plain.0.len(), 2);
    let fields = |e: &hangtu_record::Fields| e.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>();
    for (a, b) in plain.0.iter().zip(&wide.0) {
        assert_eq!(fields(a), fields(b));
        let at = XML[..a.origin.offset as usize].encode_utf16().count() as u64 * 2 + 2;
        assert_eq!(b.origin.offset, at, "offsets are those of the file");
    }
}

#[test]
fn windows_events_as_json_of_every_tool() {
    let text = r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{"Provider":{"#attributes":{"Name":"Microsoft-Windows-Sysmon","Guid":"5770385F-C22A-43E0-BF4C-06F5698FFBD9"}},"EventID":{"#attributes":{"Qualifiers":1},"#text":1},"Level":4,"Keywords":"0x8000000000000000","TimeCreated":{"#attributes":{"SystemTime":"2026-04-17T05:24:53.088849Z"}},"EventRecordID":83,"Execution":{"#attributes":{"ProcessID":3208,"ThreadID":1724}},"Channel":"Microsoft-Windows-Sysmon/Operational","Computer":"eng"},"EventData":{"ProcessGuid":"0197231E-C424-69E1-C922-000000000800","ProcessId":15596,"Image":"C:\\a.exe","User":"PLANT\\eng"}}}
{"@timestamp":"2026-03-02T06:00:00.000Z","message":"m","log":{"level":"information"},"winlog":{"channel":"Security","provider_name":"Microsoft-Windows-Security-Auditing","event_id":"4624","record_id":5,"computer_name":"hmi","keywords":["Audit Success"],"process":{"pid":4,"thread":{"id":8}},"event_data":{"TargetUserName":"op","LogonType":"10","IpAddress":"10.0.0.1","param1":"p"},"user_data":{"xml_name":"X","Param3":"10.0.0.9"}}}
{"winlog.channel":"System","winlog.event_id":7045,"winlog.event_data.ServiceName":"evil","@timestamp":"2026-03-02T06:00:00Z"}
{"EventTime":"2026-03-02 14:00:00","Hostname":"hmi","Keywords":-9218868437227405312,"EventType":"AUDIT_FAILURE","SeverityValue":4,"EventID":4625,"SourceName":"Microsoft-Windows-Security-Auditing","RecordNumber":77,"ProcessID":600,"ThreadID":700,"Channel":"Security","TargetUserName":"op","IpAddress":"10.0.0.2"}
{"PayloadData1":"x","Payload":"{\"EventData\":{\"Data\":[{\"@Name\":\"ServiceName\",\"#text\":\"evil\"},{\"@Name\":\"ImagePath\",\"#text\":\"c:\\\\x\"}]}}","EventId":7045,"EventRecordId":"5","Level":"Info","Provider":"Service Control Manager","Channel":"System","Computer":"eng","TimeCreated":"2026-03-02T06:00:00.0000000+00:00","Keywords":"Classic"}
{"Id":4720,"LogName":"Security","ProviderName":"Microsoft-Windows-Security-Auditing","MachineName":"dc","TimeCreated":"\/Date(1772431200000)\/","Keywords":-9214364837600034816,"Properties":[{"Value":"new"},{"Value":5}]}
{"no":"event"}
{"Event": {"Sys
"##;
    assert_snapshot!(show(text.as_bytes()));
    let (lines, _) = events(text.as_bytes());
    let (wide, _) = events(&utf16le(text));
    assert_eq!(lines.len(), wide.len());
}

#[test]
fn text_of_chinese_windows_and_long_lines() {
    let line = "Mar  2 06:00:00 hmi app[1]: 操作员登录失败\r\n";
    let (gbk, ..) = GB18030.encode(line);
    let (found, _) = events(&gbk);
    assert_eq!(found[0].text("message"), Some("操作员登录失败"));
    let mut bytes = line.repeat(2).into_bytes();
    let long = bytes.len() as u64;
    bytes.extend(vec![b'x'; 3 << 20]);
    bytes.push(b'\n');
    bytes.extend([0; 4096]);
    bytes.extend(line.as_bytes());
    let (found, summary) = events(&bytes);
    assert_eq!(found.len(), 3);
    let places: Vec<_> = summary.damages.list.iter().map(|d| d.offset).collect();
    assert_eq!(places, [long, long + (3 << 20) + 1]);
    assert_eq!(found[2].origin.offset, long + (3 << 20) + 1 + 4096);
    assert_eq!(found[2].origin.number, 4);
}
