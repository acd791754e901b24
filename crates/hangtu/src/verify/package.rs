//! Packages and receipts of submissions (docs/submit.md), checked without a network.

use crate::{Ending, failure::Failure, summary, terminal::plain};
use hangtu_catalog::{Arg, Language, key, key::Key, text};
use hangtu_ledger::{
    Continuity, Kind, Letter, MAX_PACKAGE, Note, Package, PackageError, Sealed, Standing,
    VerifierKey, kind,
};
use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

/// What a package or a receipt is recognised by, wherever it is damaged behind.
const BEGINS: &[u8] = b"{\"payload\":\"";
const TYPE: &[u8] = b"application/vnd.hangtu.";

/// The bytes of a package or receipt; none where the file is something else.
pub(super) fn recognise(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let mut head = Vec::new();
    let failure = |e| Failure::read(path, &e);
    File::open(path)
        .and_then(|f| f.take(BEGINS.len() as u64).read_to_end(&mut head))
        .map_err(failure)?;
    if head != BEGINS {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // A byte more than fits is enough to see that it does not.
    let most = MAX_PACKAGE as u64 + 1;
    File::open(path).and_then(|f| f.take(most).read_to_end(&mut bytes)).map_err(failure)?;
    let typed = kind(&bytes).is_some() || bytes.windows(TYPE.len()).any(|w| w == TYPE);
    Ok((typed || bytes.len() > MAX_PACKAGE).then_some(bytes))
}

pub(super) fn run(
    language: Language,
    path: &Path,
    bytes: &[u8],
    keys: &[VerifierKey],
    earlier: Option<&Note>,
) -> Result<Ending, Failure> {
    let mut out = Vec::new();
    let said = match kind(bytes) {
        Some(Kind::Receipt) => Sealed::open(bytes).map(|s| (s.key().clone(), Opened::Receipt(s))),
        Some(kind @ (Kind::Notice | Kind::Answers)) => {
            Letter::open(kind, bytes).map(|l| (l.key().clone(), Opened::Letter(kind, l)))
        }
        _ => Package::open(bytes).map(|p| (p.key().clone(), Opened::Package(p))),
    };
    let (signer, opened) = match said {
        Ok(said) => said,
        Err(e) => {
            let why = text(language, why(&e), &[]);
            Failure::new(key::PACKAGE_BAD, Some(key::PACKAGE_BAD_REMEDY))
                .with("path", path.display())
                .with("why", why)
                .print(language);
            return Ok(Ending::FailOn);
        }
    };
    // A witness's key may be named beside the signer's, and says nothing of who signed.
    let mut signers = keys.iter().filter(|k| !k.is_witness()).peekable();
    let named = signers.peek().is_some();
    if named && signers.all(|k| *k != signer) {
        Failure::new(key::PACKAGE_OTHER_KEY, Some(key::PACKAGE_OTHER_KEY_REMEDY))
            .with("path", path.display())
            .with("key", &signer)
            .print(language);
        return Ok(Ending::FailOn);
    }
    let mut page = Lines { language, out: &mut out };
    let bad = match &opened {
        Opened::Package(package) => page.package(path, package, earlier)?,
        Opened::Receipt(sealed) => page.receipt(sealed),
        Opened::Letter(kind, letter) => page.letter(*kind, letter),
    };
    let said = if named { key::PACKAGE_KEY_TRUSTED } else { key::PACKAGE_KEY_OWN };
    page.say(said, &[("key", Arg::Text(&signer.to_string()))]);
    io::stdout().lock().write_all(&out).map_err(|e| Failure::output(&e))?;
    Ok(if bad { Ending::FailOn } else { Ending::Done })
}

#[allow(clippy::large_enum_variant, reason = "there is one of it")]
enum Opened {
    Package(Package),
    Receipt(Sealed),
    Letter(Kind, Letter),
}

struct Lines<'o> {
    language: Language,
    out: &'o mut Vec<u8>,
}

impl Lines<'_> {
    fn say(&mut self, key: Key, args: &[(&str, Arg<'_>)]) {
        let line = text(self.language, key, args);
        self.out.extend(plain(&line).bytes().chain([b'\n']));
    }

    fn ledger(&mut self, note: &Note) {
        let mut lines = note.text().lines();
        let (origin, size) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let root = lines.next().unwrap_or_default();
        let args =
            [("origin", Arg::Text(origin)), ("size", Arg::Text(size)), ("root", Arg::Text(root))];
        self.say(key::PACKAGE_LEDGER, &args);
    }

    /// Says what a letter is; it convicts nobody.
    fn letter(&mut self, kind: Kind, letter: &Letter) -> bool {
        let said = |name: &str| letter.content().get(name).and_then(|v| v.as_str()).unwrap_or("?");
        let number = letter.content().get("number").and_then(serde_json::Value::as_u64);
        let title = letter.content().get("title").and_then(|t| t.get("zh"));
        if kind == Kind::Notice {
            let args = [
                ("number", Arg::Number(number.unwrap_or(0))),
                ("issuer", Arg::Text(said("issuer"))),
                ("addressee", Arg::Text(said("addressee"))),
                ("title", Arg::Text(title.and_then(|t| t.as_str()).unwrap_or_default())),
            ];
            self.say(key::PACKAGE_NOTICE, &args);
        } else {
            let time = summary::local(said("created"));
            let args = [("sender", Arg::Text(said("sender"))), ("time", Arg::Text(&time))];
            self.say(key::PACKAGE_LETTER_ANSWERS, &args);
        }
        let digest = letter.digest().to_string();
        self.say(key::PACKAGE_DIGEST, &[("digest", Arg::Text(&digest))]);
        false
    }

    /// Says what a package is; whether it convicts its log.
    fn package(
        &mut self,
        path: &Path,
        package: &Package,
        earlier: Option<&Note>,
    ) -> Result<bool, Failure> {
        let s = package.submission();
        let time = summary::local(&s.created.to_string());
        let args = [
            ("number", Arg::Number(s.sequence)),
            ("sender", Arg::Text(&s.sender)),
            ("time", Arg::Text(&time)),
        ];
        self.say(key::PACKAGE_SUBMISSION, &args);
        let digest = package.digest().to_string();
        self.say(key::PACKAGE_DIGEST, &[("digest", Arg::Text(&digest))]);
        if let Some(answers) = s.answers {
            let answers = answers.to_string();
            self.say(key::PACKAGE_ANSWERS, &[("digest", Arg::Text(&answers))]);
        }
        self.ledger(package.note());
        let root = s.evidence.root.to_base64();
        let args = [("count", Arg::Number(s.evidence.count)), ("root", Arg::Text(&root))];
        self.say(key::PACKAGE_EVIDENCE, &args);
        let Some(earlier) = earlier else { return Ok(false) };
        let (continuity, _) = package.continues(earlier, &[]).map_err(|_| {
            Failure::new(key::PACKAGE_OTHER_LEDGER, Some(key::VERIFY_EARLIER_REMEDY))
                .with("path", path.display())
        })?;
        self.say(
            match continuity {
                Continuity::Same => key::PACKAGE_SAME,
                Continuity::Extends => key::PACKAGE_CONTINUES,
                Continuity::Unproven => key::PACKAGE_UNPROVEN,
                Continuity::RolledBack => key::PACKAGE_ROLLED_BACK,
                Continuity::Forked => key::PACKAGE_FORKED,
            },
            &[],
        );
        Ok(continuity.convicts())
    }

    /// Says what a receipt is; whether it proves that a log shows two histories.
    fn receipt(&mut self, sealed: &Sealed) -> bool {
        let r = sealed.receipt();
        let state = text(
            self.language,
            match r.state {
                Standing::Received => key::PACKAGE_STATE_RECEIVED,
                Standing::Returned => key::PACKAGE_STATE_RETURNED,
                Standing::Accepted => key::PACKAGE_STATE_ACCEPTED,
                Standing::Refused => key::PACKAGE_STATE_REFUSED,
            },
            &[],
        );
        let time = summary::local(&r.issued.to_string());
        let args = [
            ("receipt", Arg::Number(r.number)),
            ("number", Arg::Number(r.sequence)),
            ("sender", Arg::Text(&r.sender)),
            ("state", Arg::Text(&state)),
            ("time", Arg::Text(&time)),
        ];
        self.say(key::PACKAGE_RECEIPT, &args);
        let package = r.package.to_string();
        self.say(key::PACKAGE_OF, &[("digest", Arg::Text(&package))]);
        for item in &r.items {
            let args = [("part", Arg::Text(&item.part)), ("text", Arg::Text(&item.text))];
            self.say(key::PACKAGE_ITEM, &args);
        }
        self.ledger(&r.checkpoint);
        match sealed.cosigned() {
            Some(seconds) => {
                let time = i64::try_from(seconds).ok();
                let time = time.and_then(|s| jiff::Timestamp::from_second(s).ok());
                let time = summary::local(&time.unwrap_or_default().to_string());
                let witness = r.witness.to_string();
                let args = [("key", Arg::Text(&witness)), ("time", Arg::Text(&time))];
                self.say(key::PACKAGE_COSIGNED, &args);
            }
            None => self.say(key::PACKAGE_NOT_COSIGNED, &[]),
        }
        let Some(fork) = &r.fork else { return false };
        // An opened receipt holds no proof that does not convict.
        self.say(
            match fork.verify(&r.log) {
                Ok(Continuity::RolledBack) => key::PACKAGE_PROOF_ROLLED_BACK,
                _ => key::PACKAGE_PROOF_FORKED,
            },
            &[],
        );
        true
    }
}

pub(super) fn why(error: &PackageError) -> Key {
    match error {
        PackageError::TooLong => key::PACKAGE_WHY_TOO_LONG,
        PackageError::Envelope | PackageError::Type(_) => key::PACKAGE_WHY_ENVELOPE,
        PackageError::Version(_) => key::PACKAGE_WHY_VERSION,
        PackageError::NotCanonical | PackageError::Field(_) => key::PACKAGE_WHY_CONTENT,
        PackageError::Signature => key::PACKAGE_WHY_SIGNATURE,
        PackageError::Checkpoint(_) | PackageError::Bound => key::PACKAGE_WHY_CHECKPOINT,
    }
}
