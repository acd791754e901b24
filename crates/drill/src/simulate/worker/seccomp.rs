//! The calls a worker may make. Everything else is refused: sockets, programs, signals, tracing,
//! mounts, accounts, namespaces, io_uring.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use std::collections::BTreeMap;

const ALLOWED: &[i64] = &[
    // Files that are open, and files beneath a directory that is.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_openat2,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fcntl,
    // Memory.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_msync,
    libc::SYS_brk,
    // Threads, children and their end.
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_geteuid,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Time and chance.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
];

/// New namespaces of any kind, among the flags of clone.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u64;

#[cfg(target_arch = "x86_64")]
const ARCH: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCH: TargetArch = TargetArch::aarch64;
#[cfg(target_arch = "riscv64")]
const ARCH: TargetArch = TargetArch::riscv64;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// A call is allowed when none of these bits is set in that argument.
fn without(rules: &mut Rules, call: i64, argument: u8, bits: u64) -> Result<(), String> {
    let op = SeccompCmpOp::MaskedEq(bits);
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, op, 0);
    let rule = condition.and_then(|c| SeccompRule::new(vec![c])).map_err(|e| e.to_string())?;
    rules.insert(call, vec![rule]);
    Ok(())
}

/// Two filters, of which the stricter answer counts: one that lets the list through, and one that
/// says clone3 is not there, whose flags a filter cannot see; the C library then uses clone.
fn filters() -> Result<[BpfProgram; 2], String> {
    let mut allowed: Rules = ALLOWED.iter().map(|call| (*call, vec![])).collect();
    without(&mut allowed, libc::SYS_clone, 0, NAMESPACES)?;
    without(&mut allowed, libc::SYS_mmap, 2, libc::PROT_EXEC as u64)?;
    without(&mut allowed, libc::SYS_mprotect, 2, libc::PROT_EXEC as u64)?;
    let compile = |rules, otherwise, matched| {
        SeccompFilter::new(rules, otherwise, matched, ARCH)
            .and_then(TryInto::try_into)
            .map_err(|e| format!("seccomp: {e}"))
    };
    let refuse = |errno: i32| SeccompAction::Errno(errno as u32);
    let absent = Rules::from([(libc::SYS_clone3, vec![])]);
    Ok([
        compile(absent, SeccompAction::Allow, refuse(libc::ENOSYS))?,
        compile(allowed, refuse(libc::EPERM), SeccompAction::Allow)?,
    ])
}

/// Puts the filters into force for this process and all it becomes.
pub(super) fn apply() -> Result<(), String> {
    for filter in filters()? {
        apply_filter(&filter).map_err(|e| format!("seccomp: {e}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 5b, clause 4: nothing on the list reaches beyond files that are open.
    #[test]
    fn clause_4_the_list_has_no_way_out() {
        for call in [
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_bind,
            libc::SYS_sendto,
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_process_vm_writev,
            libc::SYS_mount,
            libc::SYS_fsopen,
            libc::SYS_move_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_kill,
            libc::SYS_tkill,
            libc::SYS_tgkill,
            libc::SYS_pidfd_send_signal,
            libc::SYS_setuid,
            libc::SYS_setresuid,
            libc::SYS_capset,
            libc::SYS_openat,
            libc::SYS_linkat,
            libc::SYS_symlinkat,
            libc::SYS_fchmod,
            libc::SYS_io_uring_setup,
            libc::SYS_bpf,
            libc::SYS_prctl,
            libc::SYS_open_by_handle_at,
        ] {
            assert!(!ALLOWED.contains(&call), "{call}");
        }
        filters().unwrap();
    }
}
