//! Signed notes (C2SP signed-note): a text and who signed it.

use crate::{
    key::{KeyId, VerifierKey},
    text::{from_base64, key_name, to_base64},
};
use std::{fmt, str::FromStr};

/// Longest note in bytes.
pub const MAX_NOTE: usize = 64 * 1024;

/// Most signatures under one note.
pub const MAX_SIGNATURES: usize = 64;

/// A signature line: `— name base64(id || signature)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub(crate) name: String,
    pub(crate) id: KeyId,
    pub(crate) bytes: Vec<u8>,
}

impl Signature {
    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// A note as it came: whether anything in it is true, only [`Note::verify`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// Why a note is none, or proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not the form of a signed note.
    #[error("it is not a signed note: a text, an empty line, and signature lines")]
    Form,
    /// Longer than [`MAX_NOTE`], or more signatures than [`MAX_SIGNATURES`].
    #[error(
        "the note is longer than {MAX_NOTE} bytes or has more than {MAX_SIGNATURES} signatures"
    )]
    TooLong,
    /// The key did not sign.
    #[error("it bears no signature by {0}")]
    Unsigned(String),
    /// A signature in the key's name is not the key's over this text.
    #[error("the signature by {0} does not belong to the text: one of them was changed")]
    Forged(String),
}

impl Note {
    /// A note that nobody has signed yet. The text ends with a newline.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if !text.ends_with('\n') || text.chars().any(|c| c < ' ' && c != '\n') {
            return Err(NoteError::Form);
        }
        if text.len() > MAX_NOTE / 2 {
            return Err(NoteError::TooLong);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    /// The text, not yet known to be true.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures it bears, known and unknown.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature; one by the same key gives way.
    pub fn add(&mut self, signature: Signature) {
        self.signatures.retain(|s| (&s.name, s.id) != (&signature.name, signature.id));
        self.signatures.push(signature);
    }

    /// Checks what this key signed. For a witness's key gives the time that it wrote into its
    /// cosignature, in seconds since 1970; 0 for a log's. Signatures by other keys are left alone.
    pub fn verify(&self, key: &VerifierKey) -> Result<u64, NoteError> {
        let own = |s: &&Signature| s.name == key.name() && s.id == key.id();
        let mut time = None;
        for signature in self.signatures.iter().filter(own) {
            let at = key
                .check(&self.text, &signature.bytes)
                .ok_or_else(|| NoteError::Forged(key.name().to_owned()))?;
            time.get_or_insert(at);
        }
        time.ok_or_else(|| NoteError::Unsigned(key.name().to_owned()))
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|s| {
            writeln!(f, "— {} {}", s.name, to_base64(&[&s.id, s.bytes.as_slice()].concat()))
        })
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(whole: &str) -> Result<Self, NoteError> {
        if whole.len() > MAX_NOTE {
            return Err(NoteError::TooLong);
        }
        // The last empty line parts text and signatures.
        let at = whole.rfind("\n\n").ok_or(NoteError::Form)?;
        let mut note = Self::new(whole[..=at].to_owned())?;
        let lines = whole[at + 2..].strip_suffix('\n').ok_or(NoteError::Form)?;
        for line in lines.split('\n') {
            if note.signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooLong);
            }
            note.signatures.push(signature(line).ok_or(NoteError::Form)?);
        }
        Ok(note)
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, bytes) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = from_base64(bytes)?;
    let (id, bytes) = bytes.split_first_chunk()?;
    let fits = key_name(name) && !bytes.is_empty();
    fits.then(|| Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}
