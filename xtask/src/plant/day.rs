//! The ordinary day: everything in it is approved, and none of it is a finding.

use super::{
    clock::{Time, at, every},
    host::{
        ASSISTANT, BACKUP, DIRECTORY, ENGINEERING, FILES, GROUP_CLOUD, HISTORIAN, HMI_1, HMI_2,
        Host, INTRANET, JUMP, MES, METER, PC_FINANCE, PC_LAB, PC_PLANNING, PC_SALES, PLC_KILN,
        PLC_MIX, PLC_PACK, PLC_WATER, RECIPES, RESOLVER, RTU_PUMP, RTU_SUBSTATION, SCADA,
        SHIFT_DESK, VENDOR, office,
    },
    net::Net,
    protocol::{
        desktop, dhcp,
        dnp3::Dnp3,
        dns,
        enip::Enip,
        http,
        iec104::Iec104,
        modbus::Modbus,
        nbns,
        ntlm::User,
        s7::{Identity, S7},
        smb::Smb,
        ssh, tls,
    },
};
use std::fmt::Write;

/// Masters reconnect when the shift changes; connections never span two capture files.
const SHIFTS: [(&str, &str); 2] = [("07:00:30", "15:55"), ("16:00:30", "20:55")];
/// Seconds between two polls; a real master polls every second, an example need not.
const POLL: u64 = 240;

const MIX: Identity = Identity {
    order_number: "6ES7 315-2EH14-0AB0",
    firmware: [3, 2, 17],
    name: "PLC-MIX",
    module: "CPU 315-2 PN/DP",
    serial: "S C-J2UR40032015",
};
const KILN: Identity = Identity {
    order_number: "6ES7 412-2EK07-0AB0",
    firmware: [7, 0, 3],
    name: "PLC-KILN",
    module: "CPU 412-2 PN",
    serial: "S C-H7BE20814016",
};

const fn user(name: &'static str, host: &'static str) -> User {
    User { name, domain: "LANSHAN", host }
}

pub(super) fn script(net: &mut Net) {
    morning(net);
    for (from, to) in SHIFTS {
        polls(net, from, to);
    }
    approved_changes(net);
    approved_maintenance(net);
    approved_outside(net);
    office_work(net);
    backup(net);
}

/// Who has which link address, and how the controllers introduce themselves.
fn morning(net: &mut Net) {
    let segments: [&[Host]; 5] = [
        &[PLC_MIX, PLC_KILN, PLC_WATER, METER, PLC_PACK, RTU_PUMP, RTU_SUBSTATION],
        &[SCADA, HMI_1, HMI_2, HISTORIAN, ENGINEERING],
        &[MES, SHIFT_DESK, RECIPES],
        &[JUMP, RESOLVER],
        &[DIRECTORY, FILES, INTRANET, BACKUP],
    ];
    for (clock, hosts) in
        ["07:00:02", "07:00:04", "07:00:06", "07:00:08", "07:00:09"].iter().zip(segments)
    {
        let mut time = at(clock);
        for pair in hosts.windows(2) {
            net.arp(time, pair[0], pair[1], true);
            time = time.plus_micros(120_000);
        }
    }
    for (clock, server, who) in [("07:05", PLC_MIX, MIX), ("07:05:20", PLC_KILN, KILN)] {
        let mut s7 = S7::open(net, at(clock), ENGINEERING, server);
        s7.identify(net, at(clock), &who);
        s7.close(net);
    }
    for (clock, server, objects) in [
        ("07:06", PLC_WATER, ["Schneider Electric", "BMX P34 2020", "v3.20"]),
        ("07:06:20", METER, ["Schneider Electric", "METSEPM5560", "v2.7.4"]),
    ] {
        let mut modbus = Modbus::open(net, at(clock), SCADA, server);
        modbus.identify(net, at(clock), objects);
        modbus.close(net);
    }
    let mut enip = Enip::open(net, at("07:07"), ENGINEERING, PLC_PACK);
    enip.identify(net, at("07:07"), PLC_PACK, "1756-L73/B LOGIX5573", (33, 11));
    enip.close(net);
}

/// Masters and the historian poll.
fn polls(net: &mut Net, from: &str, to: &str) {
    for (client, server, later) in
        [(HMI_1, PLC_WATER, 0), (HMI_1, METER, 7), (HISTORIAN, PLC_WATER, 31)]
    {
        let mut modbus = Modbus::open(net, at(from).plus_seconds(later), client, server);
        for time in every(from, to, POLL) {
            modbus.read(net, time.plus_seconds(later), 100, 8);
        }
        modbus.close(net);
    }
    for (client, server, later) in [
        (SCADA, PLC_MIX, 3),
        (SCADA, PLC_KILN, 11),
        (HMI_2, PLC_KILN, 17),
        (HISTORIAN, PLC_MIX, 43),
    ] {
        let mut s7 = S7::open(net, at(from).plus_seconds(later), client, server);
        for time in every(from, to, POLL) {
            s7.read(net, time.plus_seconds(later), 10, 12);
        }
        s7.close(net);
    }
    for (client, later) in [(HMI_2, 23), (HISTORIAN, 53)] {
        let mut enip = Enip::open(net, at(from).plus_seconds(later), client, PLC_PACK);
        for time in every(from, to, POLL) {
            enip.read(net, time.plus_seconds(later), "Line1.PacksPerHour");
        }
        enip.close(net);
    }
    dnp3_polls(net, from, to);
    iec104_polls(net, from, to);
}

fn dnp3_polls(net: &mut Net, from: &str, to: &str) {
    let mut dnp3 = Dnp3::open(net, at(from), SCADA, RTU_PUMP);
    dnp3.enable_reports(net, at(from));
    for (number, time) in (1_u8..).zip(every(from, to, 2 * POLL)) {
        dnp3.poll(net, time.plus_seconds(5));
        if number % 3 == 0 {
            dnp3.report(net, time.plus_seconds(90), number % 4);
        }
    }
    dnp3.close(net);
}

fn iec104_polls(net: &mut Net, from: &str, to: &str) {
    let mut iec104 = Iec104::open(net, at(from), SCADA, RTU_SUBSTATION);
    iec104.set_clock(net, at(from).plus_seconds(1));
    for (number, time) in (0..).zip(every(from, to, 2 * POLL)) {
        if number % 8 == 0 {
            iec104.interrogate(net, time.plus_seconds(13));
        } else {
            iec104.report(net, time.plus_seconds(13));
        }
        // Breaker of feeder 2, at a quarter past nine.
        if (at("09:10")..at("09:18")).contains(&time) {
            iec104.command(net, time.plus_seconds(60), 0x6002, true);
        }
    }
    iec104.close(net);
}

/// Set points by the stations that may, and the download of work order WO-2026-0302.
fn approved_changes(net: &mut Net) {
    for (clock, register, value) in
        [("08:12", 40, 512), ("11:37", 41, 380), ("14:22", 40, 498), ("17:48", 40, 505)]
    {
        let mut modbus = Modbus::open(net, at(clock), HMI_1, PLC_WATER);
        modbus.write(net, at(clock), register, value);
        modbus.close(net);
    }
    for (clock, speed) in [("09:26", 1_450), ("18:05", 1_380)] {
        let mut enip = Enip::open(net, at(clock), HMI_2, PLC_PACK);
        enip.write(net, at(clock), "Line1.SpeedSetpoint", speed);
        enip.close(net);
    }
    let mut s7 = S7::open(net, at("13:20"), SCADA, PLC_KILN);
    s7.write(net, at("13:20"), 6, 1_180);
    s7.close(net);

    let mut s7 = S7::open(net, at("14:10"), ENGINEERING, PLC_MIX);
    s7.read(net, at("14:10"), 1, 4);
    s7.stop(net, at("14:12"));
    s7.download(net, at("14:13"), "0800001P", 900);
    s7.download(net, at("14:14"), "0C00012P", 1_400);
    s7.start(net, at("14:16"));
    s7.read(net, at("14:20"), 1, 4);
    s7.close(net);
}

/// Ticket RM-2026-017: the maintenance company through the jump host, within its window.
fn approved_maintenance(net: &mut Net) {
    desktop::rdp(net, at("13:05"), VENDOR, JUMP, "vendor01", every("13:06", "14:35", 240));
    desktop::rdp(net, at("13:08"), JUMP, ENGINEERING, "vendor01", every("13:09", "14:28", 240));
    ssh::session(net, at("13:30"), JUMP, HISTORIAN, every("13:31", "13:52", 180));
}

/// Declared flow DF-01 of the production figures, and approved tool AT-01 of the laboratory.
fn approved_outside(net: &mut Net) {
    for hour in ["08:30", "10:30", "12:30", "14:30", "16:30", "18:30", "20:30"] {
        dns::ask(net, at(hour), MES, RESOLVER, "figures.lanshan-group.example", GROUP_CLOUD);
        let name = "figures.lanshan-group.example";
        let time = at(hour).plus_seconds(1);
        tls::visit(net, time, MES, (GROUP_CLOUD, name), (2_400, 300));
    }
    for clock in ["10:41", "15:13"] {
        dns::ask(net, at(clock), PC_LAB, DIRECTORY, "tongyi.aliyun.com", ASSISTANT);
        let time = at(clock).plus_seconds(1);
        tls::visit(net, time, PC_LAB, (ASSISTANT, "tongyi.aliyun.com"), (900, 2_600));
    }
}

/// Text of the kind that offices keep.
pub(super) fn table(net: &mut Net, rows: usize) -> Vec<u8> {
    let mut out = "日期,产线,批次,数量\r\n".to_owned();
    for row in 0..rows {
        let (day, line) = (row % 28 + 1, row % 4 + 1);
        let amount = net.random.between(800, 1_600);
        // Writing to a String cannot fail.
        let _ = write!(out, "2026-03-{day:02},L{line},B{row:04},{amount}\r\n");
    }
    out.into_bytes()
}

/// Computers start, people read and write.
fn office_work(net: &mut Net) {
    for (clock, host, name) in [
        ("08:01", PC_SALES, "PC-SALES-07"),
        ("08:04", PC_LAB, "PC-LAB-03"),
        ("08:06", PC_FINANCE, "PC-FIN-02"),
        ("08:09", PC_PLANNING, "PC-PLAN-01"),
    ] {
        dhcp::lease(net, at(clock), host, DIRECTORY, name);
        let up = at(clock).plus_seconds(2);
        net.arp(up, host, DIRECTORY, true);
        nbns::register(net, up.plus_seconds(1), host, name);
        dns::ask(net, up.plus_seconds(5), host, DIRECTORY, "portal.lanshan.example", INTRANET);
        let portal = (INTRANET, "portal.lanshan.example");
        http::page(net, up.plus_seconds(6), host, portal, "/");
    }
    for (clock, host, who) in [
        ("08:20", PC_PLANNING, user("zhou.min", "PC-PLAN-01")),
        ("09:15", PC_SALES, user("he.jing", "PC-SALES-07")),
        ("09:40", PC_FINANCE, user("lin.fang", "PC-FIN-02")),
        ("14:40", PC_PLANNING, user("zhou.min", "PC-PLAN-01")),
    ] {
        let mut smb = Smb::open(net, at(clock), (host, who), (FILES, "LS-FILE01"), "Share");
        for number in 0..4_u64 {
            let time = at(clock).plus_seconds(20 + 45 * number);
            let content = table(net, 40);
            smb.read(net, time, &format!("Plan\\week-{:02}.csv", 6 + number), &content);
        }
        let content = table(net, 60);
        let time = smb.now().plus_seconds(90);
        smb.write(net, time, &format!("Plan\\{}-0302.csv", who.name), &content);
        smb.close(net);
    }
    for (number, clock) in (1..).zip(["09:02", "10:07", "11:19", "13:44", "15:28", "16:11"]) {
        let host = office(1, 10 + number);
        dns::ask(net, at(clock), host, DIRECTORY, "oa.lanshan.example", INTRANET);
        let oa = (INTRANET, "oa.lanshan.example");
        tls::visit(net, at(clock).plus_seconds(1), host, oa, (700, 3_100));
    }
    // The shift desk prints recipes; production control looks at its own portal.
    let who = user("shift.a", "OPS-SHIFT-01");
    let mut smb = Smb::open(net, at("07:40"), (SHIFT_DESK, who), (RECIPES, "LS-RCP01"), "Recipes");
    for number in 0..3_u64 {
        let content = table(net, 30);
        let time = at("07:41").plus_seconds(30 * number);
        smb.read(net, time, &format!("Mix\\recipe-{number}.csv"), &content);
    }
    smb.close(net);
    for clock in ["08:00", "12:00", "16:05", "20:00"] {
        dns::ask(net, at(clock), HISTORIAN, RESOLVER, "mes.lanshan.example", MES);
        let portal = (MES, "mes.lanshan.example");
        http::page(net, at(clock).plus_seconds(1), SHIFT_DESK, portal, "/shift");
    }
}

/// The nightly copy of the file server, in its window after eight.
fn backup(net: &mut Net) {
    let time: Time = at("20:10");
    let who = user("svc-backup", "LS-FILE01");
    let mut smb = Smb::open(net, time, (FILES, who), (BACKUP, "LS-BAK01"), "Backup");
    for number in 0..6_u64 {
        let content = table(net, 300);
        smb.write(
            net,
            time.plus_seconds(40 * number),
            &format!("daily\\0302-{number}.vbk"),
            &content,
        );
    }
    smb.close(net);
}
