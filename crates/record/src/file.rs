//! A file action: somebody touched a file over the network.

use crate::{
    Endpoint, Field, FieldName, JsonWriter, Kind, Origin, Record, Text, Time, Value,
    field::walk,
    operation::{names, text},
};

names! {
    /// What was done to the file.
    FileVerb {
        /// Opened so that it came into being, or was emptied.
        Create = "create",
        /// Read.
        Read = "read",
        /// Written.
        Write = "write",
        /// Renamed or moved.
        Rename = "rename",
        /// Deleted.
        Delete = "delete",
    }
}

/// Somebody touched a file over the network; reads and writes of one open file count once.
#[derive(Clone, Debug)]
pub struct FileAction {
    /// When it was first done.
    pub time: Time,
    /// Where it stands in the evidence.
    pub origin: Origin,
    /// Who did it.
    pub source: Endpoint,
    /// Whose file.
    pub destination: Endpoint,
    /// Protocol name, e.g. `smb`.
    pub protocol: &'static str,
    /// What was done.
    pub verb: FileVerb,
    /// The share it lives in; empty when not seen.
    pub share: Text,
    /// Path within the share; empty when not seen.
    pub path: Text,
    /// New path of a rename; empty otherwise.
    pub target: Text,
    /// Bytes read or written, where the protocol tells.
    pub size: Option<u64>,
    /// Shannon entropy of the sample of written bytes, in bits a byte, where enough was seen.
    pub entropy: Option<f64>,
    /// Protocol status; 0 is success.
    pub status: u32,
    /// Who was logged on; empty when not seen.
    pub user: Text,
}

fn base(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

fn extension(path: &str) -> Option<&str> {
    base(path).rsplit_once('.').map(|(_, e)| e).filter(|e| !e.is_empty())
}

impl FileAction {
    walk! {
        Timestamp RecordKind NetworkProtocol EventAction FilePath FileFullName FileExtension
        FileTargetPath FileTargetExtension FileSize FileEntropy FileShare FileStatus UserName
        SourceIp SourcePort SourceMac DestinationIp DestinationPort DestinationMac EvidenceNumber
        EvidenceOffset NetworkTransport NetworkDirection
    }

    #[inline(always)]
    fn get(&self, name: FieldName) -> Option<Value<'_>> {
        use FieldName as F;
        match name {
            F::Timestamp => Some(Value::Time(self.time)),
            F::RecordKind => Some(Value::Str("file")),
            F::NetworkProtocol => Some(Value::Str(self.protocol)),
            F::EventAction => Some(Value::Str(self.verb.name())),
            F::FilePath => text(&self.path),
            F::FileFullName => text(&self.path).map(|_| Value::Str(base(&self.path))),
            F::FileExtension => extension(&self.path).map(Value::Str),
            F::FileTargetPath => text(&self.target),
            F::FileTargetExtension => extension(&self.target).map(Value::Str),
            F::FileSize => self.size.map(|n| Value::Int(n as i64)),
            F::FileEntropy => self.entropy.map(Value::Float),
            F::FileShare => text(&self.share),
            F::FileStatus => Some(Value::Int(i64::from(self.status))),
            F::UserName => text(&self.user),
            F::EvidenceNumber => Some(Value::Int(self.origin.number as i64)),
            F::EvidenceOffset => Some(Value::Int(self.origin.offset as i64)),
            F::NetworkTransport => Some(Value::Str("tcp")),
            F::NetworkDirection => {
                Some(Value::Str(crate::direction(&self.source, &self.destination)))
            }
            _ => self.source.get(&self.destination, name),
        }
    }
}

impl Record for FileAction {
    fn kind(&self) -> Kind {
        Kind::File
    }

    fn time(&self) -> Time {
        self.time
    }

    fn origin(&self) -> Origin {
        self.origin
    }

    fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>)) {
        if let Some(value) = field.known.and_then(|name| self.get(name)) {
            f(value);
        }
    }

    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
        self.walk(f);
    }

    fn json(&self, json: &mut JsonWriter, out: &mut Vec<u8>) {
        self.write(json, out);
    }
}
