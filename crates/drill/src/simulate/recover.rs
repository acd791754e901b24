//! Backup and restore by the site's own commands, and the judgement of both.

use super::{
    error::SimulateError,
    manifest::Manifest,
    measure::rounded,
    result::{Backup, Ran, Recovery, Verdict},
    undo::path_of,
    worker::reach,
};
use hangtu_catalog::hex;
use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder, File},
    io::{Read, Seek, SeekFrom},
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A program and its arguments, in which `{source}` and `{target}` stand for paths. No shell reads
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<String>);

impl Template {
    /// Splits a line at blanks; quotes of both kinds hold words together, as people expect.
    pub fn parse(line: &str) -> Result<Self, SimulateError> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        for c in line.chars() {
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (None, '"' | '\'') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (None, c) if c.is_whitespace() => words.extend(word.take()),
                (_, c) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        if quote.is_some() || words.is_empty() {
            return Err(SimulateError::Plan(format!("{line}: no command, or an open quote")));
        }
        Ok(Self(words))
    }

    /// A command given in words already.
    pub fn words(words: Vec<String>) -> Self {
        Self(words)
    }

    fn fill(&self, source: &Path, target: &Path) -> Vec<String> {
        let (source, target) = (source.to_string_lossy(), target.to_string_lossy());
        let fill = |w: &String| w.replace("{source}", &source).replace("{target}", &target);
        self.0.iter().map(fill).collect()
    }
}

/// How the site backs up and restores.
#[derive(Clone, Debug, Default)]
pub struct Recover {
    /// Run before the attack: `{source}` is the drill's directory, `{target}` the copy's place.
    pub backup: Option<Template>,
    /// Run after it: `{source}` is the copy's place, `{target}` an empty directory of the drill.
    pub restore: Option<Template>,
    /// Where the copy lies.
    pub place: Option<PathBuf>,
    /// How long each may take.
    pub patience: Duration,
}

fn seconds(since: Instant) -> f64 {
    rounded(since.elapsed().as_secs_f64(), 6)
}

/// Runs a command; its words go to a log of the drill.
fn run(template: &Template, source: &Path, target: &Path, log: &Path, patience: Duration) -> Ran {
    let words = template.fill(source, target);
    let began = Instant::now();
    let program = words.first().cloned().unwrap_or_default();
    let attempt = || -> std::io::Result<Option<i32>> {
        let out = File::create(log)?;
        let mut child = Command::new(&program)
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .process_group(0)
            .spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.code());
            }
            if began.elapsed() > patience {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(5));
        }
    };
    let (code, said) = match attempt() {
        Ok(code) => (code, tail(log)),
        Err(e) => (None, e.to_string()),
    };
    Ran { program, code, seconds: seconds(began), said }
}

/// The last 500 bytes of a log.
fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(500)))?;
        let mut bytes = Vec::new();
        file.take(500).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}

/// Backs the drill's directory up before the attack, where there is a command for it.
pub(crate) fn back_up(recover: &Recover, manifest: &Manifest, state: &Path) -> Option<Ran> {
    let template = recover.backup.as_ref()?;
    let target = recover.place.clone().unwrap_or_default();
    Some(run(template, &manifest.root, &target, &state.join("backup.log"), recover.patience))
}

/// Restores into a directory of the drill's own and compares what came back with the manifest.
/// `age` is that of the copy when the attack began, in seconds.
pub(crate) fn restore(
    recover: &Recover,
    manifest: &Manifest,
    state: &Path,
    age: Option<f64>,
) -> Recovery {
    let total = manifest.decoys.len() as u64;
    let mut recovery = Recovery {
        verdict: Verdict::NotAttempted,
        ran: None,
        seconds: None,
        point_seconds: age.map(|age| rounded(age, 6)),
        right: 0,
        wrong: 0,
        missing: total,
    };
    let Some(template) = &recover.restore else { return recovery };
    recovery.verdict = Verdict::Failed;
    let target = state.join("restored");
    if DirBuilder::new().mode(0o700).create(&target).is_err() {
        return recovery;
    }
    let began = Instant::now();
    let source = recover.place.clone().unwrap_or_default();
    recovery.ran =
        Some(run(template, &source, &target, &state.join("restore.log"), recover.patience));
    let base = base(&target, manifest);
    recovery.missing = 0;
    for entry in &manifest.decoys {
        match hash(&base.join(path_of(manifest, entry))) {
            Some(found) if found == entry.sha256 => recovery.right += 1,
            Some(_) => recovery.wrong += 1,
            None => recovery.missing += 1,
        }
    }
    recovery.seconds = Some(seconds(began));
    let clean = recovery.ran.as_ref().is_some_and(|r| r.code == Some(0));
    if clean && recovery.right == total {
        recovery.verdict = Verdict::Passed;
    }
    recovery
}

/// Some programs restore below the whole old path: where the drill's directory came back.
fn base(target: &Path, manifest: &Manifest) -> PathBuf {
    let name = manifest.root.file_name().unwrap_or_default();
    let mut folders = vec![(target.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        if folder.file_name() == Some(name) {
            return folder;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if depth < 24 && entry.file_type().is_ok_and(|t| t.is_dir()) {
                folders.push((entry.path(), depth + 1));
            }
        }
    }
    target.to_owned()
}

fn hash(path: &Path) -> Option<String> {
    // A link or a pipe is no restored file.
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        let count = file.read(&mut piece).ok()?;
        if count == 0 {
            return Some(hex(&hasher.finalize()));
        }
        hasher.update(&piece[..count]);
    }
}

/// The program that is the worker, by which the judge asks as the simulated account.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// What makes it the worker.
    pub arguments: Vec<String>,
}

/// Judges a backup: is there a copy, is it out of the simulated account's reach.
pub(crate) fn judge(
    recover: &Recover,
    manifest: &Manifest,
    worker: &Program,
    ran: Option<Ran>,
) -> Backup {
    let mut backup = Backup {
        verdict: Verdict::NotAttempted,
        exists: Verdict::NotAttempted,
        out_of_reach: Verdict::NotAttempted,
        restorable: Verdict::NotAttempted,
        ran,
    };
    let made = backup.ran.as_ref().map(|r| r.code == Some(0));
    let Some(place) = &recover.place else {
        if let Some(made) = made {
            // A command that keeps its copy where it alone knows: only its exit code can be judged.
            backup.exists = if made { Verdict::Passed } else { Verdict::Failed };
            backup.out_of_reach = Verdict::NotApplicable;
        }
        return backup;
    };
    let something = match fs::metadata(place) {
        Ok(m) if m.is_dir() => fs::read_dir(place).is_ok_and(|mut d| d.next().is_some()),
        Ok(m) => m.len() > 0,
        Err(_) => false,
    };
    let exists = something && made != Some(false);
    backup.exists = if exists { Verdict::Passed } else { Verdict::Failed };
    backup.out_of_reach =
        if exists { reached(manifest, worker, place) } else { Verdict::NotApplicable };
    backup
}

fn reached(manifest: &Manifest, worker: &Program, place: &Path) -> Verdict {
    let uid = manifest.uid.map_or_else(|| "-".to_owned(), |uid| uid.to_string());
    let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let asked = Command::new(&worker.path)
        .args(&worker.arguments)
        .args(["reach", &uid])
        .arg(&place)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match asked.ok().and_then(|s| s.code()) {
        Some(code) if code == i32::from(reach::CLOSED) => Verdict::Passed,
        Some(code) if code == i32::from(reach::WRITABLE) => Verdict::Failed,
        _ => Verdict::NotApplicable,
    }
}

/// The whole judgement, once the restore has been tried.
pub(crate) fn conclude(backup: &mut Backup, recovery: &Recovery) {
    backup.restorable = recovery.verdict;
    let parts = [backup.exists, backup.out_of_reach, backup.restorable];
    backup.verdict = if parts.contains(&Verdict::Failed) {
        Verdict::Failed
    } else if parts.iter().all(|p| matches!(p, Verdict::NotAttempted | Verdict::NotApplicable)) {
        Verdict::NotAttempted
    } else if parts.contains(&Verdict::NotAttempted) {
        // A copy nobody restored proves nothing.
        Verdict::NotAttempted
    } else {
        Verdict::Passed
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_and_filled_without_a_shell() {
        let t = Template::parse("tar -cf '{target}/a b.tar'  \"$(x)\" {source}").unwrap();
        let words = t.fill(Path::new("/s s"), Path::new("/t"));
        assert_eq!(words, ["tar", "-cf", "/t/a b.tar", "$(x)", "/s s"]);
        assert!(Template::parse("tar 'x").is_err());
        assert!(Template::parse("  ").is_err());
        assert_eq!(Template::parse("a ''").unwrap().0, ["a", ""]);
    }
}
