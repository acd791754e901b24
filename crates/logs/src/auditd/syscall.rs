//! Names of architectures and system calls.

use std::{collections::HashMap, sync::OnceLock};

const TABLE: &str = include_str!("syscalls.txt");

/// The architecture of an audit `arch` value (`AUDIT_ARCH_*` of linux/audit.h), as auditd names it.
pub(super) fn arch(value: &str) -> Option<&'static str> {
    Some(match u32::from_str_radix(value, 16).ok()? {
        0xc000_003e => "x86_64",
        0x4000_0003 => "i386",
        0xc000_00b7 => "aarch64",
        0x4000_0028 => "arm",
        0xc000_0102 => "loongarch64",
        0xc000_00f3 => "riscv64",
        0x8000_0015 => "ppc64",
        0xc000_0015 => "ppc64le",
        0x8000_0016 => "s390x",
        _ => return None,
    })
}

/// The name of a system call.
pub(super) fn name(arch: &str, number: i64) -> Option<&'static str> {
    static NAMES: OnceLock<HashMap<(u8, i64), &'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let mut out = HashMap::new();
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            let mut words = line.split(' ');
            let name = words.next().unwrap_or_default();
            for (column, word) in words.enumerate() {
                if let Ok(number) = word.parse() {
                    out.insert((column as u8, number), name);
                }
            }
        }
        out
    });
    let column = match arch {
        "x86_64" => 0,
        "i386" => 1,
        // Both use the numbers of asm-generic/unistd.h.
        "aarch64" | "riscv64" | "loongarch64" => 2,
        _ => return None,
    };
    // The x32 interface sets bit 30.
    names.get(&(column, number & !0x4000_0000)).copied()
}
