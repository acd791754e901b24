//! Doors through which a detection comes in: a person's one button, a product's message by syslog,
//! a line in a log, or a call of [`Detection::record`] by whoever received a webhook.

use super::{error::SimulateError, journal::now, manifest::Manifest};
use jiff::Timestamp;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    net::{SocketAddr, UdpSocket},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Who or what detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Somebody noticed.
    Person,
    /// A product's alarm, told by somebody.
    Product,
    /// A syslog message.
    Syslog,
    /// A line of a watched log.
    Log,
    /// A message to the server.
    Webhook,
    /// Our own guard.
    Guard,
}

impl Source {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Person, Self::Product, Self::Syslog, Self::Log, Self::Webhook, Self::Guard];

    /// Its name in results and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Product => "product",
            Self::Syslog => "syslog",
            Self::Log => "log",
            Self::Webhook => "webhook",
            Self::Guard => "guard",
        }
    }
}

/// One detection, as it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detection {
    /// When it was recorded.
    pub at: Timestamp,
    /// The same moment by the monotonic clock of the drill's machine, in nanoseconds.
    pub monotonic: u64,
    /// Who or what.
    pub source: Source,
    /// What was said, at most 400 characters.
    pub note: String,
}

/// Characters of a note that are kept.
const NOTE: usize = 400;
/// Detections one door records; a storm of alarms tells nothing after the first.
const FROM_ONE_DOOR: usize = 100;

fn file_of(dir: &Path) -> Result<PathBuf, SimulateError> {
    Ok(Manifest::state_of(&super::manifest::absolute(dir)?).join("detections.jsonl"))
}

impl Detection {
    /// Records a detection of a drill, now. It counts from the moment this is called.
    pub fn record(dir: &Path, source: Source, note: &str) -> Result<Self, SimulateError> {
        let (at, monotonic) = (Timestamp::now(), now());
        let note = note.chars().filter(|c| !c.is_control()).take(NOTE).collect();
        let detection = Self { at, monotonic, source, note };
        let path = file_of(dir)?;
        let mut line = serde_json::to_vec(&detection).unwrap_or_default();
        line.push(b'\n');
        let mut options = fs::OpenOptions::new();
        options
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| {
                file.write_all(&line)?;
                file.sync_data()
            })
            .map_err(|e| SimulateError::io(&path, e))?;
        Ok(detection)
    }

    /// What was recorded of a drill, in the order it came.
    pub fn read(dir: &Path) -> Result<Vec<Self>, SimulateError> {
        let path = file_of(dir)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(SimulateError::io(&path, e)),
        };
        Ok(text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect())
    }
}

/// Which doors are open during a run. A person's button always is.
#[derive(Clone, Debug, Default)]
pub struct Doors {
    /// Whether somebody outside is expected to call [`Detection::record`]: people with their button,
    /// whoever receives webhooks.
    pub told: bool,
    /// Where syslog messages arrive (UDP), and what a detection looks like.
    pub syslog: Option<(SocketAddr, Regex)>,
    /// A log, and what a detection looks like in its new lines.
    pub log: Option<(PathBuf, Regex)>,
}

impl Doors {
    /// Whether a detection is expected through any.
    pub fn any(&self) -> bool {
        self.told || self.syslog.is_some() || self.log.is_some()
    }

    /// Opens them for one drill.
    pub(crate) fn open(&self, dir: &Path) -> Result<Open, SimulateError> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut open = Open { stop: stop.clone(), watchers: Vec::new(), syslog: None };
        if let Some((address, pattern)) = &self.syslog {
            let wrong = |e| SimulateError::io(address.to_string(), e);
            let socket = UdpSocket::bind(address).map_err(wrong)?;
            socket.set_read_timeout(Some(Duration::from_millis(50))).map_err(wrong)?;
            open.syslog = socket.local_addr().ok();
            let (stop, dir, pattern) = (stop.clone(), dir.to_owned(), pattern.clone());
            open.watchers.push(thread::spawn(move || listen(&socket, &pattern, &dir, &stop)));
        }
        if let Some((path, pattern)) = &self.log {
            let tail = Tail::open(path).map_err(|e| SimulateError::io(path, e))?;
            let (stop, dir, pattern) = (stop, dir.to_owned(), pattern.clone());
            open.watchers.push(thread::spawn(move || follow(tail, &pattern, &dir, &stop)));
        }
        Ok(open)
    }
}

/// Doors that are open; they close when this goes.
#[derive(Debug)]
pub(crate) struct Open {
    stop: Arc<AtomicBool>,
    watchers: Vec<JoinHandle<()>>,
    /// Where syslog messages arrive, when a free port was asked for.
    pub(crate) syslog: Option<SocketAddr>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for watcher in self.watchers.drain(..) {
            let _ = watcher.join();
        }
    }
}

fn listen(socket: &UdpSocket, pattern: &Regex, dir: &Path, stop: &AtomicBool) {
    let mut message = vec![0; 64 * 1024];
    let mut told = 0;
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut message) else { continue };
        let text = String::from_utf8_lossy(&message[..length]);
        if pattern.is_match(&text) && told < FROM_ONE_DOOR {
            told += 1;
            let _ = Detection::record(dir, Source::Syslog, &format!("{from}: {text}"));
        }
    }
}

/// The new lines of a log that grows, and may be begun anew.
struct Tail {
    path: PathBuf,
    file: File,
    part: Vec<u8>,
}

/// Bytes of one line that are kept.
const LINE: usize = 64 * 1024;

impl Tail {
    fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { path: path.to_owned(), file, part: Vec::new() })
    }

    /// Lines that are complete since the last call.
    fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut bytes = vec![0; LINE];
            let count = self.file.read(&mut bytes).unwrap_or(0);
            if count == 0 {
                break;
            }
            for byte in &bytes[..count] {
                if *byte == b'\n' {
                    lines.push(String::from_utf8_lossy(&self.part).into_owned());
                    self.part.clear();
                } else if self.part.len() < LINE {
                    self.part.push(*byte);
                }
            }
        }
        self.turned();
        lines
    }

    /// Follows a log that was renamed away or cut.
    fn turned(&mut self) {
        let Ok(own) = self.file.metadata() else { return };
        let Ok(there) = fs::metadata(&self.path) else { return };
        let at = self.file.stream_position().unwrap_or(0);
        if (own.dev(), own.ino()) != (there.dev(), there.ino()) {
            if let Ok(file) = File::open(&self.path) {
                self.file = file;
                self.part.clear();
            }
        } else if there.len() < at {
            let _ = self.file.rewind();
            self.part.clear();
        }
    }
}

fn follow(mut tail: Tail, pattern: &Regex, dir: &Path, stop: &AtomicBool) {
    let mut told = 0;
    while !stop.load(Ordering::Relaxed) {
        for line in tail.lines() {
            if pattern.is_match(&line) && told < FROM_ONE_DOOR {
                told += 1;
                let _ = Detection::record(dir, Source::Log, &line);
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}
