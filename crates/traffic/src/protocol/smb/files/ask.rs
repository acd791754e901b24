//! What is asked of files, and what comes back, whichever SMB version says it.

use hangtu_record::Text;

/// Which log-on and tree connection a message belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::protocol::smb) struct Who {
    pub(in crate::protocol::smb) session: u64,
    pub(in crate::protocol::smb) tree: u32,
}

/// Which open file a message means: by its identifier, or as the one that an earlier request of
/// the same compound opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol::smb) enum FileRef {
    Id(u128),
    OpenedBy(u64),
}

/// A request that waits for its response.
#[derive(Debug)]
pub(in crate::protocol::smb) enum Ask {
    Setup { user: Text },
    Tree { share: Text },
    Open,
    Make { path: Text },
    Read { file: FileRef },
    Write { file: FileRef, length: u64 },
    Rename { file: Option<FileRef>, path: Text, target: Text },
    Delete { path: Text },
    Disposition { file: FileRef, delete: bool },
    Close { file: FileRef },
}

/// What the response adds to its status.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol::smb) enum Reply {
    Plain,
    Session(u64),
    Tree { id: u32, pipe: bool },
    Opened { id: u128, created: bool },
    Read { length: u64 },
    Written { length: u64 },
}

/// Whether opening with that disposition makes the file or empties it. The others open it as it is,
/// one of them also where it has to be made first (MS-SMB2 §2.2.13, MS-CIFS §2.2.4.64.1).
pub(in crate::protocol::smb) const fn creates(disposition: u32) -> bool {
    matches!(disposition, 0 | 2 | 4 | 5)
}
