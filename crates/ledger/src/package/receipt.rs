//! The receipt: what the supervisor answers.

use super::{
    Fork, Kind, PackageError,
    dsse::{Envelope, Members, stamp},
};
use crate::{
    checkpoint::Checkpoint,
    frontier::MAX_SIZE,
    hash::Hash,
    key::{SignerKey, VerifierKey},
    note::Note,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Most items of a returned package.
pub const MAX_ITEMS: usize = 200;

/// Longest text of an item.
const MAX_TEXT: usize = 8000;

/// How a package stands with the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is kept and waits for review.
    Received,
    /// It is to be mended: the items say what.
    Returned,
    /// It counts.
    Accepted,
    /// It is kept as evidence and does not count: the log it comes from forked or lost its end.
    Refused,
}

impl Standing {
    const ALL: [Self; 4] = [Self::Received, Self::Returned, Self::Accepted, Self::Refused];

    /// The word in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Returned => "returned",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }

    /// The reverse of [`Self::word`].
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.word() == word)
    }
}

/// One thing that is to be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which part of the facts: `data`, `risks` …
    pub part: String,
    /// What is wrong with it.
    pub text: String,
}

/// What is to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of the package.
    pub package: Hash,
    /// Who sent it.
    pub sender: String,
    /// The package's number.
    pub sequence: u64,
    /// The receipt's own number among those of the package, from 1: the highest one holds.
    pub number: u64,
    /// When it was sealed.
    pub issued: Timestamp,
    /// How the package stands.
    pub state: Standing,
    /// What is to be mended.
    pub items: Vec<Item>,
    /// The key of the package and of its log.
    pub log: VerifierKey,
    /// The package's checkpoint, with the supervisor's cosignature when it continues what the
    /// supervisor witnessed before.
    pub checkpoint: Note,
    /// The last checkpoint that the supervisor cosigned, where it is another one.
    pub witnessed: Option<Note>,
    /// The key of the cosignature.
    pub witness: VerifierKey,
    /// The proof that the log forked or lost its end.
    pub fork: Option<Fork>,
}

impl Receipt {
    fn members(&self) -> Result<Map<String, Value>, PackageError> {
        let check =
            |holds: bool, field| if holds { Ok(()) } else { Err(PackageError::Field(field)) };
        check(self.witness.is_witness(), "witness")?;
        check(self.sequence < MAX_SIZE, "sequence")?;
        check(self.number > 0 && self.number < MAX_SIZE, "number")?;
        check(self.items.len() <= MAX_ITEMS, "items")?;
        let short = |i: &Item| i.part.len() <= 64 && i.text.len() <= MAX_TEXT;
        check(self.items.iter().all(short), "items")?;
        let items = self.items.iter().map(|i| json!({ "part": i.part, "text": i.text }));
        let Value::Object(map) = json!({
            "checkpoint": self.checkpoint.to_string(),
            "fork": self.fork.as_ref().map(Fork::write),
            "issued": stamp(self.issued),
            "items": items.collect::<Vec<_>>(),
            "log": self.log.to_string(),
            "number": self.number,
            "package": self.package.to_string(),
            "sender": self.sender,
            "sequence": self.sequence,
            "state": self.state.word(),
            "witness": self.witness.to_string(),
            "witnessed": self.witnessed.as_ref().map(Note::to_string),
        }) else {
            return Err(PackageError::NotCanonical);
        };
        Ok(map)
    }

    /// Seals it.
    pub fn seal(self, key: &SignerKey) -> Result<Sealed, PackageError> {
        let bytes = Envelope::seal(Kind::Receipt, &self.members()?, key)?;
        Sealed::open(&bytes)
    }
}

/// A receipt whose form and signature hold. It agrees with the key that it names; whether that is
/// the supervisor's, who asks must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    receipt: Receipt,
    key: VerifierKey,
    cosigned: Option<u64>,
    bytes: Vec<u8>,
    digest: Hash,
}

fn item(value: Value) -> Option<Item> {
    let Value::Object(map) = value else { return None };
    let mut m = Members(map);
    let item = Item { part: m.text("part", 64).ok()?, text: m.text("text", MAX_TEXT).ok()? };
    m.end().ok().map(|()| item)
}

impl Sealed {
    /// Opens a receipt: any changed bit is refused, and so is a cosignature that is not the
    /// witness's.
    pub fn open(bytes: &[u8]) -> Result<Self, PackageError> {
        let (map, key) = Envelope::parse(bytes)?.open(Kind::Receipt)?;
        let again = map.clone();
        let mut m = Members(map);
        let items = m.list("items", MAX_ITEMS)?.into_iter().map(item);
        let receipt = Receipt {
            package: m.read("package")?,
            sender: m.text("sender", 64)?,
            sequence: m.number("sequence")?,
            number: m.number("number")?,
            issued: m.time("issued")?,
            state: Standing::from_word(&m.text("state", 16)?)
                .ok_or(PackageError::Field("state"))?,
            items: items.collect::<Option<_>>().ok_or(PackageError::Field("items"))?,
            log: m.read("log")?,
            checkpoint: m.read("checkpoint")?,
            witnessed: m.maybe("witnessed")?,
            witness: m.read("witness")?,
            fork: match m.take("fork")? {
                Value::Null => None,
                Value::Object(fork) => Some(Fork::read(fork)?),
                _ => return Err(PackageError::Field("fork")),
            },
        };
        m.end()?;
        if receipt.members()? != again {
            return Err(PackageError::NotCanonical);
        }
        // Every checkpoint in it is one of that log.
        let seen = [Some(&receipt.checkpoint), receipt.witnessed.as_ref()];
        for note in seen.into_iter().flatten() {
            Checkpoint::open(note, &receipt.log)?;
        }
        if let Some(fork) = &receipt.fork
            && !fork.verify(&receipt.log)?.convicts()
        {
            return Err(PackageError::Field("fork"));
        }
        let cosigned = match receipt.checkpoint.verify(&receipt.witness) {
            Ok(time) => Some(time),
            Err(crate::NoteError::Unsigned(_)) => None,
            Err(e) => return Err(crate::CheckpointError::from(e).into()),
        };
        let digest = Hash(Sha256::digest(bytes).into());
        Ok(Self { receipt, key, cosigned, bytes: bytes.to_vec(), digest })
    }

    /// What it says.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The key that signed it.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// When the checkpoint was cosigned, in seconds since 1970, if it was.
    pub fn cosigned(&self) -> Option<u64> {
        self.cosigned
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file.
    pub fn digest(&self) -> Hash {
        self.digest
    }
}
