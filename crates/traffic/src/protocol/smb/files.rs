//! What happens to files on one connection, whichever SMB version says it: open files, tree
//! connections, log-ons and the requests that wait for an answer, each table bounded.

mod ask;
mod open;

use super::sample::Sample;
use crate::decode::{Context, Side};
pub(super) use ask::{Ask, FileRef, Reply, Who, creates};
use hangtu_record::{FieldName, FileAction, FileVerb, Origin, OwnedValue, Text, Time};
use open::{Open, is_known_pipe};
use std::collections::VecDeque;

/// Status of an action whose response the capture does not hold (STATUS_PENDING, MS-ERREF §2.3).
pub(super) const NO_ANSWER: u32 = 0x0000_0103;
/// The next leg of a log-on is awaited (STATUS_MORE_PROCESSING_REQUIRED).
pub(super) const MORE_PROCESSING: u32 = 0xc000_0016;
/// The server says that somebody must not (STATUS_ACCESS_DENIED).
const ACCESS_DENIED: u32 = 0xc000_0022;

const MAX_OPEN: usize = 512;
/// Files whose written bytes are sampled at a time.
const MAX_SAMPLES: usize = 64;
const MAX_ASKED: usize = 256;
const MAX_TREES: usize = 64;
const MAX_USERS: usize = 16;
/// What the texts of an entry come to at most, or nearly.
const TEXTS: usize = 256;

#[derive(Debug)]
struct Asked {
    key: u64,
    who: Who,
    time: Time,
    origin: Origin,
    ask: Ask,
}

/// The state of one connection.
#[derive(Debug, Default)]
pub(super) struct Files {
    open: VecDeque<Open>,
    /// How many open files have a sample, and how long their names are together.
    samples: usize,
    names: usize,
    asked: VecDeque<Asked>,
    trees: VecDeque<(u32, Text, bool)>,
    users: VecDeque<(u64, Text)>,
}

impl Files {
    /// Remembers a request; the oldest one past the bound counts as unanswered.
    pub(super) fn ask(&mut self, cx: &mut Context<'_>, key: u64, who: Who, ask: Ask) {
        if self.asked.len() >= MAX_ASKED
            && let Some(old) = self.asked.pop_front()
        {
            self.settle(cx, old, NO_ANSWER, Reply::Plain);
        }
        self.asked.push_back(Asked { key, who, time: cx.time, origin: cx.origin, ask });
    }

    /// Answers the request of that key.
    pub(super) fn answer(&mut self, cx: &mut Context<'_>, key: u64, status: u32, reply: Reply) {
        if let Some(at) = self.asked.iter().position(|a| a.key == key)
            && let Some(asked) = self.asked.remove(at)
        {
            self.settle(cx, asked, status, reply);
        }
    }

    /// A file is about to be opened by the request of that key.
    pub(super) fn opening(
        &mut self,
        cx: &mut Context<'_>,
        key: u64,
        who: Who,
        path: Text,
        creates: bool,
        delete_on_close: bool,
    ) {
        let tree = self.trees.iter().find(|(id, ..)| *id == who.tree);
        let (share, pipe) = tree.map_or_else(
            || (Text::const_new(""), is_known_pipe(&path)),
            |(_, share, pipe)| (share.clone(), *pipe),
        );
        if pipe {
            cx.fact(FieldName::SmbPipe, OwnedValue::Str(path.clone()));
        }
        let delete = delete_on_close.then_some(((cx.time, cx.origin), NO_ANSWER));
        let opened_by = key;
        let open = Open { opened_by, who, share, path, pipe, creates, delete, ..Open::default() };
        self.push(cx, open);
        self.ask(cx, key, who, Ask::Open);
    }

    /// Bytes are about to be written; `head` is what of them is at hand. None are where the file is
    /// only cut off, or where what is written is not sent.
    pub(super) fn writing(
        &mut self,
        cx: &mut Context<'_>,
        key: u64,
        who: Who,
        file: FileRef,
        length: u64,
        head: &[u8],
    ) {
        if let Some(at) = self.file(cx, file, who)
            && !self.open[at].pipe
        {
            if self.open[at].sample.is_none() && !head.is_empty() {
                self.samples += 1;
                if self.samples > MAX_SAMPLES
                    && let Some(oldest) = self.open.iter_mut().find(|open| open.sample.is_some())
                {
                    oldest.sample = None;
                    self.samples -= 1;
                }
            }
            let open = &mut self.open[at];
            open.write.bytes = open.write.bytes.saturating_add(length);
            open.write.first.get_or_insert((cx.time, cx.origin));
            if !head.is_empty() {
                open.sample.get_or_insert_default().add(head);
            }
        }
        self.ask(cx, key, who, Ask::Write { file, length });
    }

    /// Emits everything that still waits.
    pub(super) fn end(&mut self, cx: &mut Context<'_>) {
        while let Some(asked) = self.asked.pop_front() {
            self.settle(cx, asked, NO_ANSWER, Reply::Plain);
        }
        while let Some(open) = self.take(0) {
            self.finish(cx, &open);
        }
    }

    /// What all this takes, about.
    pub(super) fn memory(&self) -> usize {
        let others = self.asked.len() + self.trees.len() + self.users.len();
        self.open.capacity() * size_of::<Open>()
            + self.names
            + self.samples * size_of::<Sample>()
            + self.asked.capacity() * size_of::<Asked>()
            + others * TEXTS
    }

    fn push(&mut self, cx: &mut Context<'_>, open: Open) {
        if self.open.len() >= MAX_OPEN
            && let Some(old) = self.take(0)
        {
            self.finish(cx, &old);
        }
        self.names += open.names();
        self.open.push_back(open);
    }

    fn take(&mut self, at: usize) -> Option<Open> {
        let open = self.open.remove(at)?;
        self.samples -= usize::from(open.sample.is_some());
        self.names -= open.names();
        Some(open)
    }

    fn position(&self, file: FileRef) -> Option<usize> {
        self.open.iter().rposition(|open| match file {
            FileRef::Id(id) => open.id == Some(id),
            FileRef::OpenedBy(key) => open.opened_by == key,
        })
    }

    /// The open file; one opened before the capture began is entered without a path.
    fn file(&mut self, cx: &mut Context<'_>, file: FileRef, who: Who) -> Option<usize> {
        if let Some(at) = self.position(file) {
            return Some(at);
        }
        let FileRef::Id(id) = file else { return None };
        let tree = self.trees.iter().find(|(t, ..)| *t == who.tree);
        let (share, pipe) = tree.map(|(_, s, p)| (s.clone(), *p)).unwrap_or_default();
        let opened_by = u64::MAX;
        self.push(cx, Open { id: Some(id), opened_by, who, share, pipe, ..Open::default() });
        Some(self.open.len() - 1)
    }

    fn settle(&mut self, cx: &mut Context<'_>, asked: Asked, status: u32, reply: Reply) {
        let Asked { key, who, time, origin, ask } = asked;
        let fine = status == 0 || status == NO_ANSWER;
        match ask {
            Ask::Setup { user } => {
                let session = if let Reply::Session(id) = reply { id } else { who.session };
                if status != MORE_PROCESSING && status != NO_ANSWER {
                    let outcome = if status == 0 { "success" } else { "failure" };
                    cx.fact(FieldName::AuthOutcome, OwnedValue::Str(Text::const_new(outcome)));
                }
                if fine && !user.is_empty() {
                    self.users.retain(|(id, _)| *id != session);
                    bounded(&mut self.users, MAX_USERS, (session, user));
                }
            }
            Ask::Tree { share } => {
                if let (0, Reply::Tree { id, pipe }) = (status, reply) {
                    self.trees.retain(|(tree, ..)| *tree != id);
                    let pipe = pipe || share.eq_ignore_ascii_case("IPC$");
                    bounded(&mut self.trees, MAX_TREES, (id, share, pipe));
                }
            }
            Ask::Open => {
                let Some(at) = self.position(FileRef::OpenedBy(key)) else { return };
                if !fine {
                    let open = self.open.get(at).filter(|o| status == ACCESS_DENIED && !o.pipe);
                    if let Some(verb) = open.and_then(Open::change) {
                        let action = self.action(cx, at, verb, (time, origin), status);
                        cx.emit_file(action);
                    }
                    self.take(at);
                } else if let (Reply::Opened { id, created }, Some(open)) =
                    (reply, self.open.get_mut(at))
                {
                    open.id = Some(id);
                    if let Some((_, agreed)) = &mut open.delete {
                        *agreed = status;
                    }
                    if created && !open.pipe {
                        let action = self.action(cx, at, FileVerb::Create, (time, origin), status);
                        cx.emit_file(action);
                    }
                }
            }
            Ask::Make { path } => {
                if matches!(status, 0 | ACCESS_DENIED) {
                    self.loose(cx, who, FileVerb::Create, path, "", (time, origin), status);
                }
            }
            Ask::Read { file } => {
                let Reply::Read { length } = reply else { return };
                if let Some(at) = self.file(cx, file, who) {
                    let open = &mut self.open[at];
                    open.read.bytes = open.read.bytes.saturating_add(length);
                    open.read.first.get_or_insert((time, origin));
                    open.read.settle(status);
                }
            }
            Ask::Write { file, length } => {
                if let Some(open) = self.position(file).and_then(|at| self.open.get_mut(at)) {
                    if let Reply::Written { length } = reply {
                        open.write.bytes = open.write.bytes.saturating_add(length);
                    } else if !fine {
                        open.write.bytes = open.write.bytes.saturating_sub(length);
                    }
                    open.write.settle(status);
                }
            }
            Ask::Rename { file, path, target } => {
                if let Some(at) = file.and_then(|f| self.position(f)) {
                    let mut action = self.action(cx, at, FileVerb::Rename, (time, origin), status);
                    action.target.clone_from(&target);
                    cx.emit_file(action);
                    if fine && let Some(mut open) = self.take(at) {
                        // What was moved so far was moved under the old name.
                        self.moved(cx, &open);
                        (open.read, open.write, open.sample) = Default::default();
                        open.path = target;
                        self.names += open.names();
                        self.open.insert(at, open);
                    }
                } else {
                    self.loose(cx, who, FileVerb::Rename, path, &target, (time, origin), status);
                }
            }
            Ask::Delete { path } => {
                self.loose(cx, who, FileVerb::Delete, path, "", (time, origin), status);
            }
            Ask::Disposition { file, delete } => {
                if let Some(at) = self.file(cx, file, who) {
                    if fine {
                        self.open[at].delete = delete.then_some(((time, origin), status));
                    } else if delete {
                        let action = self.action(cx, at, FileVerb::Delete, (time, origin), status);
                        cx.emit_file(action);
                    }
                }
            }
            Ask::Close { file } => {
                if let Some(open) = self.position(file).and_then(|at| self.take(at)) {
                    self.finish(cx, &open);
                }
            }
        }
    }

    /// Emits the reads and writes folded for a file.
    fn moved(&self, cx: &mut Context<'_>, open: &Open) {
        let user = self.user(open.who);
        for (verb, folded) in [(FileVerb::Read, &open.read), (FileVerb::Write, &open.write)] {
            let Some(first) = folded.first else { continue };
            let mut action = blank(cx, verb, first, folded.status.unwrap_or(NO_ANSWER));
            (action.share, action.path) = (open.share.clone(), open.path.clone());
            (action.size, action.user) = (Some(folded.bytes), user.clone());
            if verb == FileVerb::Write {
                action.entropy = open.sample.as_ref().and_then(|s| s.entropy());
            }
            cx.emit_file(action);
        }
    }

    /// Emits what was folded for a file that is now closed.
    fn finish(&self, cx: &mut Context<'_>, open: &Open) {
        if open.pipe {
            return;
        }
        self.moved(cx, open);
        if let Some((when, status)) = open.delete {
            let mut action = blank(cx, FileVerb::Delete, when, status);
            (action.share, action.path) = (open.share.clone(), open.path.clone());
            action.user = self.user(open.who);
            cx.emit_file(action);
        }
    }

    fn user(&self, who: Who) -> Text {
        self.users
            .iter()
            .find(|(id, _)| *id == who.session)
            .map(|u| u.1.clone())
            .unwrap_or_default()
    }

    fn action(
        &self,
        cx: &Context<'_>,
        at: usize,
        verb: FileVerb,
        when: (Time, Origin),
        status: u32,
    ) -> FileAction {
        let mut action = blank(cx, verb, when, status);
        if let Some(open) = self.open.get(at) {
            (action.share, action.path) = (open.share.clone(), open.path.clone());
            action.user = self.user(open.who);
        }
        action
    }

    /// Emits an action on a file that is named, not open.
    #[expect(clippy::too_many_arguments, reason = "one call site a verb")]
    fn loose(
        &self,
        cx: &mut Context<'_>,
        who: Who,
        verb: FileVerb,
        path: Text,
        target: &str,
        when: (Time, Origin),
        status: u32,
    ) {
        let mut action = blank(cx, verb, when, status);
        if let Some((_, share, _)) = self.trees.iter().find(|(id, ..)| *id == who.tree) {
            action.share.clone_from(share);
        }
        (action.path, action.target) = (path, target.into());
        action.user = self.user(who);
        cx.emit_file(action);
    }
}

fn bounded<T>(queue: &mut VecDeque<T>, most: usize, item: T) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(item);
}

fn blank(
    cx: &Context<'_>,
    verb: FileVerb,
    (time, origin): (Time, Origin),
    status: u32,
) -> FileAction {
    FileAction {
        time,
        origin,
        source: *cx.parties.of(Side::Client),
        destination: *cx.parties.of(Side::Server),
        protocol: "smb",
        verb,
        share: Text::const_new(""),
        path: Text::const_new(""),
        target: Text::const_new(""),
        size: Some(0),
        entropy: None,
        status,
        user: Text::const_new(""),
    }
}
