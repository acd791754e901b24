//! Ransomware on an office computer: it looks for shares, encrypts one, and reaches for the plant.

use crate::plant::{
    clock::at,
    day::table,
    host::{FILES, PC_SALES, RECIPES, office},
    line::Line,
    net::Net,
    protocol::{ntlm::User, smb::Smb},
};

const USER: User = User { name: "he.jing", domain: "LANSHAN", host: "PC-SALES-07" };
const NOTE: &str = "HOW_TO_DECRYPT.txt";

pub(super) fn script(net: &mut Net) {
    scan(net);
    encrypt(net);
    reach_plant(net);
}

fn scan(net: &mut Net) {
    for last in 100..136_u8 {
        let time = at("11:02").plus_micros(u64::from(last - 100) * 900_000);
        // One address in four has nobody behind it, one a host that does not answer.
        let there = last % 4 != 3;
        net.arp(time, PC_SALES, office(1, last), there);
        if there {
            let time = time.plus_micros(20_000);
            Line::knock(net, time, PC_SALES, office(1, last), 445, last % 4 != 0);
        }
    }
}

fn encrypt(net: &mut Net) {
    let start = at("11:08");
    let mut smb = Smb::open(net, start, (PC_SALES, USER), (FILES, "LS-FILE01"), "Share");
    for number in 0..48_u64 {
        let time = start.plus_seconds(2 + 3 * number);
        let folder = ["Sales", "Plan", "Quality", "Purchase"][number as usize % 4];
        let kind = ["csv", "txt", "xml"][number as usize % 3];
        let path = format!("{folder}\\2026\\{number:03}.{kind}");
        let plain = table(net, 40);
        let cipher = net.random.bytes(1_600);
        smb.encrypt(net, time, (&path, &format!("{path}.locked")), (&plain, &cipher));
    }
    let text =
        "Your files are encrypted. To get them back write to us within 72 hours.\r\n".repeat(6);
    for number in 0..12_u64 {
        let folder = ["Sales", "Plan", "Quality", "Purchase"][number as usize % 4];
        let path = format!("{folder}\\{}\\{NOTE}", 2015 + number);
        smb.write(net, start.plus_seconds(150 + 2 * number), &path, text.as_bytes());
    }
    for number in 0..12_u64 {
        let path = format!("Backup\\2026-02-{:02}.vbk", 14 + number);
        smb.delete(net, start.plus_seconds(190 + 2 * number), &path);
    }
    smb.close(net);
}

fn reach_plant(net: &mut Net) {
    let server = (RECIPES, "LS-RCP01");
    let mut smb = Smb::open(net, at("11:31"), (PC_SALES, USER), server, "Recipes");
    let content = table(net, 30);
    smb.read(net, at("11:31:20"), "Mix\\recipe-0.csv", &content);
    smb.close(net);
}
