//! 5b, clause 6: the worker, linked as a program of its own, has no code for networks, programs or
//! tracing. Calls that go round the import table would need an assembler's instruction or the C
//! library's `syscall`; so the names of its functions are read as well, and what a worker may call
//! at run time is the list in `worker/seccomp.rs`.

#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::PathBuf};

fn worker() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().parent().unwrap().join("examples/worker")
}

fn number(bytes: &[u8], at: usize, width: usize) -> usize {
    bytes[at..at + width].iter().rev().fold(0, |n, b| n << 8 | usize::from(*b))
}

/// Names in the symbol tables of one kind (2 the static one, 11 the dynamic one) of a 64-bit
/// little-endian ELF file; of the dynamic one, those that are imported.
fn symbols(elf: &[u8], kind: usize) -> BTreeSet<String> {
    assert_eq!(&elf[..6], b"\x7fELF\x02\x01");
    let (table, size, count) = (number(elf, 40, 8), number(elf, 58, 2), number(elf, 60, 2));
    let section = |n: usize| table + n * size;
    let mut names = BTreeSet::new();
    for at in (0..count).map(section).filter(|at| number(elf, at + 4, 4) == kind) {
        let (offset, length) = (number(elf, at + 24, 8), number(elf, at + 32, 8));
        let strings = number(elf, section(number(elf, at + 40, 4)) + 24, 8);
        for symbol in (offset..offset + length).step_by(24) {
            let (name, place) = (number(elf, symbol, 4), number(elf, symbol + 6, 2));
            if kind == 11 && place != 0 {
                continue;
            }
            let text = &elf[strings + name..];
            let end = text.iter().position(|b| *b == 0).unwrap();
            names.insert(String::from_utf8_lossy(&text[..end]).into_owned());
        }
    }
    names
}

/// What of the file is in memory when it runs: not the names of debuggers.
fn loaded(elf: &[u8]) -> Vec<&[u8]> {
    let (table, size, count) = (number(elf, 40, 8), number(elf, 58, 2), number(elf, 60, 2));
    let sections = (0..count).map(|n| table + n * size);
    // SHF_ALLOC, and not SHT_NOBITS.
    sections
        .filter(|at| number(elf, at + 8, 8) & 2 != 0 && number(elf, at + 4, 4) != 8)
        .map(|at| &elf[number(elf, at + 24, 8)..][..number(elf, at + 32, 8)])
        .collect()
}

const FORBIDDEN: [&str; 40] = [
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "send",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "recv",
    "recvfrom",
    "recvmsg",
    "getaddrinfo",
    "gethostbyname",
    "execl",
    "execle",
    "execlp",
    "execv",
    "execve",
    "execvp",
    "execvpe",
    "execveat",
    "fexecve",
    "posix_spawn",
    "posix_spawnp",
    "system",
    "popen",
    "ptrace",
    "process_vm_writev",
    "mount",
    "umount",
    "umount2",
    "unshare",
    "setns",
    "kill",
    "killpg",
    "dlopen",
    "io_uring_setup",
];

#[test]
fn clause_6_no_network_no_programs_no_tracing() {
    let elf = fs::read(worker()).unwrap();
    let imports = symbols(&elf, 11);
    assert!(imports.contains("syscall") && imports.contains("fork"), "{imports:?}");
    let bad: Vec<&str> = FORBIDDEN.into_iter().filter(|f| imports.contains(*f)).collect();
    assert_eq!(bad, Vec::<&str>::new());

    // Functions a library could find by name while it runs.
    for name in FORBIDDEN.iter().filter(|n| n.len() > 6) {
        let text = [b"\0", name.as_bytes(), b"\0"].concat();
        let found = loaded(&elf).iter().any(|part| part.windows(text.len()).any(|w| w == text));
        assert!(!found, "{name} stands in the program as a text");
    }
    let functions = symbols(&elf, 2);
    assert!(functions.iter().any(|f| f.contains("simulate")), "no names to read");
    for part in [
        "3std3net",
        "3std3sys3net",
        "3std7process7Command",
        "6rustix3net",
        "TcpStream",
        "UdpSocket",
    ] {
        let found = functions.iter().find(|f| f.contains(part));
        assert_eq!(found, None, "{part}");
    }
}

/// The worker's own sources name none of it either.
#[test]
fn clause_6_the_sources_name_no_network_and_no_programs() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/simulate/worker");
    let mut read = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        for word in ["std::net", "process::Command", "UdpSocket", "TcpStream", "execve("] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
        read += 1;
    }
    assert!(read >= 7);
}
