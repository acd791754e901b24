//! `Get-WinEvent | ConvertTo-Json`: values without names, which the event's template names.

use crate::events;
use hangtu_record::Fields;
use std::fmt::Write;

/// An event that both exports tell: a value's name, and how it stands in XML and in JSON.
struct Twin {
    provider: &'static str,
    id: u32,
    version: u32,
    channel: &'static str,
    values: &'static [(&'static str, &'static str, &'static str)],
}

const SECURITY: &str = "Microsoft-Windows-Security-Auditing";

/// An identity as ConvertTo-Json writes it.
const SYSTEM: &str = r#"{"BinaryLength":12,"AccountDomainSid":null,"Value":"S-1-5-18"}"#;
const SUBJECT: [(&str, &str, &str); 4] = [
    ("SubjectUserSid", "S-1-5-18", SYSTEM),
    ("SubjectUserName", "HMI-01$", r#""HMI-01$""#),
    ("SubjectDomainName", "PLANT", r#""PLANT""#),
    ("SubjectLogonId", "0x3e7", "999"),
];

const FAILED: Twin = Twin {
    provider: SECURITY,
    id: 4625,
    version: 0,
    channel: "Security",
    values: &[
        SUBJECT[0],
        SUBJECT[1],
        SUBJECT[2],
        SUBJECT[3],
        ("TargetUserSid", "S-1-0-0", r#""S-1-0-0""#),
        ("TargetUserName", "administrator", r#""administrator""#),
        ("TargetDomainName", "", r#""""#),
        ("Status", "0xc000006d", "-1073741715"),
        ("FailureReason", "%%2313", r#""%%2313""#),
        ("SubStatus", "0xc000006a", "3221225578"),
        ("LogonType", "3", "3"),
        ("LogonProcessName", "NtLmSsp ", r#""NtLmSsp ""#),
        ("AuthenticationPackageName", "NTLM", r#""NTLM""#),
        ("WorkstationName", "ENG-PC", r#""ENG-PC""#),
        ("TransmittedServices", "-", r#""-""#),
        ("LmPackageName", "-", r#""-""#),
        ("KeyLength", "0", "0"),
        ("ProcessId", "0x2f4", r#"{"value":756}"#),
        ("ProcessName", "-", r#""-""#),
        ("IpAddress", "45.77.12.9", r#""45.77.12.9""#),
        ("IpPort", "50123", r#""50123""#),
    ],
};

const STARTED: Twin = Twin {
    provider: SECURITY,
    id: 4688,
    version: 2,
    channel: "Security",
    values: &[
        SUBJECT[0],
        SUBJECT[1],
        SUBJECT[2],
        SUBJECT[3],
        ("NewProcessId", "0x233c", "9020"),
        ("NewProcessName", r"C:\Windows\vssadmin.exe", r#""C:\\Windows\\vssadmin.exe""#),
        ("TokenElevationType", "%%1936", r#""%%1936""#),
        ("ProcessId", "0x1234", "4660"),
        ("CommandLine", "vssadmin delete shadows /all", r#""vssadmin delete shadows /all""#),
        ("TargetUserSid", "S-1-0-0", r#""S-1-0-0""#),
        ("TargetUserName", "-", r#""-""#),
        ("TargetDomainName", "-", r#""-""#),
        ("TargetLogonId", "0x0", "0"),
        ("ParentProcessName", r"C:\Windows\cmd.exe", r#""C:\\Windows\\cmd.exe""#),
        ("MandatoryLabel", "S-1-16-12288", r#"{"BinaryLength":12,"Value":"S-1-16-12288"}"#),
    ],
};

const INSTALLED: Twin = Twin {
    provider: "Service Control Manager",
    id: 7045,
    version: 0,
    channel: "System",
    values: &[
        ("ServiceName", "PSEXESVC", r#""PSEXESVC""#),
        ("ImagePath", r"%SystemRoot%\PSEXESVC.exe", r#""%SystemRoot%\\PSEXESVC.exe""#),
        ("ServiceType", "user mode service", r#""user mode service""#),
        ("StartType", "demand start", r#""demand start""#),
        ("AccountName", "LocalSystem", r#""LocalSystem""#),
    ],
};

/// Sysmon 13.30 added the user, and left the version as it was.
const WRITTEN: Twin = Twin {
    provider: "Microsoft-Windows-Sysmon",
    id: 11,
    version: 2,
    channel: "Microsoft-Windows-Sysmon/Operational",
    values: &[
        ("RuleName", "-", r#""-""#),
        ("UtcTime", "2026-03-02 06:00:00.123", r#""2026-03-02 06:00:00.123""#),
        (
            "ProcessGuid",
            "{0197231E-C424-69E1-C922-000000000800}",
            r#""0197231e-c424-69e1-c922-000000000800""#,
        ),
        ("ProcessId", "15596", "15596"),
        ("Image", r"C:\a.exe", r#""C:\\a.exe""#),
        ("TargetFilename", r"E:\plan.dwg", r#""E:\\plan.dwg""#),
        ("CreationUtcTime", "2026-03-02 06:00:00.123", r#""2026-03-02 06:00:00.123""#),
        ("User", r"PLANT\eng", r#""PLANT\\eng""#),
    ],
};

/// Its values are elements of `UserData`.
const CLEARED: Twin = Twin {
    provider: "Microsoft-Windows-Eventlog",
    id: 1102,
    version: 0,
    channel: "Security",
    values: &SUBJECT,
};

/// One value is bytes.
const SWITCHED_OFF: Twin = Twin {
    provider: "Microsoft-Windows-Windows Firewall With Advanced Security",
    id: 2003,
    version: 0,
    channel: "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
    values: &[
        ("Profiles", "2", "2"),
        ("SettingType", "1", "1"),
        ("SettingValueSize", "4", "4"),
        ("SettingValue", "0A0000FF", "[10,0,0,255]"),
        ("SettingValueString", "No", r#""No""#),
        ("Origin", "1", "1"),
        ("ModifyingUser", "S-1-5-18", SYSTEM),
        ("ModifyingApplication", r"C:\netsh.exe", r#""C:\\netsh.exe""#),
    ],
};

/// Moments, as Windows PowerShell and as PowerShell 7 write them.
const CLOCK: Twin = Twin {
    provider: SECURITY,
    id: 4616,
    version: 1,
    channel: "Security",
    values: &[
        SUBJECT[0],
        SUBJECT[1],
        SUBJECT[2],
        SUBJECT[3],
        ("PreviousTime", "2026-03-02 06:00:00.123", r#""\/Date(1772431200123)\/""#),
        ("NewTime", "2026-03-02 06:00:00.1234567", r#""2026-03-02T14:00:00.1234567+08:00""#),
        ("ProcessId", "0x4", "4"),
        ("ProcessName", "", "null"),
    ],
};

impl Twin {
    fn xml(&self) -> String {
        let Self { provider, id, version, channel, values } = self;
        let mut data = String::new();
        for (name, value, _) in *values {
            if *id == 1102 {
                write!(data, "<{name}>{value}</{name}>").unwrap();
            } else {
                write!(data, "<Data Name='{name}'>{value}</Data>").unwrap();
            }
        }
        if *id == 1102 {
            data = format!("<UserData><LogFileCleared>{data}</LogFileCleared></UserData>");
        } else {
            data = format!("<EventData>{data}</EventData>");
        }
        format!(
            "<Events><Event><System><Provider Name='{provider}'/><EventID>{id}</EventID>\
             <Version>{version}</Version><Level>0</Level><Task>1</Task><Opcode>0</Opcode>\
             <Keywords>0x8020000000000000</Keywords>\
             <TimeCreated SystemTime='2026-03-02T06:00:00.123Z'/><EventRecordID>9</EventRecordID>\
             <Execution ProcessID='600' ThreadID='700'/><Channel>{channel}</Channel>\
             <Computer>hmi-01</Computer></System>{data}</Event></Events>"
        )
    }

    fn json(&self) -> String {
        let Self { provider, id, version, channel, values } = self;
        let values: Vec<_> =
            values.iter().map(|(.., value)| format!(r#"{{"Value":{value}}}"#)).collect();
        let values = values.join(",");
        format!(
            r#"{{"Id":{id},"Version":{version},"Level":0,"Task":1,"Opcode":0,"Keywords":-9214364837600034816,"RecordId":9,"ProviderName":"{provider}","LogName":"{channel}","ProcessId":600,"ThreadId":700,"MachineName":"hmi-01","TimeCreated":"\/Date(1772431200123)\/","Properties":[{values}]}}"#
        )
    }
}

fn event(text: &str) -> Fields {
    let (mut events, summary) = events(text.as_bytes());
    assert!(summary.damages.is_empty(), "{text}: {:?}", summary.damages);
    assert_eq!(events.len(), 1, "{text}");
    events.remove(0)
}

/// Names and values but for the format's own.
fn shown(event: &Fields) -> Vec<String> {
    let fields = event.iter().filter(|(name, _)| *name != "log.format");
    let mut out: Vec<_> = fields.map(|(name, value)| format!("{name}={value:?}")).collect();
    out.sort();
    out
}

fn count(event: &Fields, name: &str) -> usize {
    event.iter().filter(|(n, _)| *n == name).count()
}

#[test]
fn values_have_the_names_and_the_form_that_the_export_as_xml_gives_them() {
    for twin in [FAILED, STARTED, INSTALLED, WRITTEN, CLEARED, SWITCHED_OFF, CLOCK] {
        let (xml, json) = (event(&twin.xml()), event(&twin.json()));
        assert_eq!(xml.time, json.time);
        assert_eq!(shown(&xml), shown(&json), "{}", twin.id);
        let (name, value, _) = twin.values[1];
        assert_eq!(json.text(name), Some(value));
        assert_eq!(count(&json, "Data"), 0);
    }
}

#[test]
fn an_export_of_chosen_properties_may_lack_the_version() {
    let json = FAILED.json().replace(r#""Version":0,"#, "");
    assert_eq!(event(&json).text("TargetUserName"), Some("administrator"));
}

#[test]
fn values_that_no_template_fits_stay_nameless() {
    let json = FAILED.json();
    let of_another_count = json.replace(r#"{"Value":"50123"}"#, r#"{"Value":"50123"},{"Value":1}"#);
    let short = json.replace(r#",{"Value":"50123"}"#, "");
    let of_another_version = json.replace(r#""Version":0"#, r#""Version":9"#);
    let of_another_event = json.replace(r#""Id":4625"#, r#""Id":46250"#);
    let of_another_provider = json.replace(SECURITY, "Vendor-Security-Auditing");
    let cases = [
        (of_another_count, 22),
        (short, 20),
        (of_another_version, 21),
        (of_another_event, 21),
        (of_another_provider, 21),
    ];
    for (json, values) in cases {
        let event = event(&json);
        assert_eq!(count(&event, "Data"), values, "{json}");
        assert_eq!(event.text("Data"), Some("S-1-5-18"));
        assert_eq!(event.text("TargetUserName"), None);
    }
}

#[test]
fn values_cut_away_by_the_depth_get_no_names() {
    let mut json = INSTALLED.json();
    for (.., value) in INSTALLED.values {
        let cut = r#""System.Diagnostics.Eventing.Reader.EventProperty""#;
        json = json.replace(&format!(r#"{{"Value":{value}}}"#), cut);
    }
    let event = event(&json);
    assert_eq!((count(&event, "Data"), event.text("ServiceName")), (5, None));
}
