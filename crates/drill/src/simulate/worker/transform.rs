//! What is done to one decoy.

use super::fault::{Cut, Fault};
use crate::simulate::{
    handle::{DecoyHandle, Denied, For},
    manifest::{Entry, Manifest, unhex},
    profile::{Extent, Method, Order},
};
use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher, StreamCipherSeek},
};
use std::os::fd::BorrowedFd;

/// Bytes rewritten by one call.
const PIECE: u64 = 64 * 1024;

/// One decoy's stream of the cipher. The content it leaves looks like that of ransomware; the key
/// lies in the manifest.
pub(crate) struct Cipher(ChaCha20);

impl Cipher {
    pub(crate) fn new(manifest: &Manifest, entry: &Entry) -> Option<Self> {
        let key = unhex::<32>(&manifest.key)?;
        let nonce = unhex::<12>(&entry.nonce)?;
        Some(Self(ChaCha20::new(&key.into(), &nonce.into())))
    }

    /// Encrypts, or decrypts, bytes that lie at this offset. ChaCha20 reaches 256 GiB; decoys are
    /// smaller by far.
    pub(crate) fn apply(&mut self, bytes: &mut [u8], at: u64) {
        self.0.seek(at);
        self.0.apply_keystream(bytes);
    }

    /// As the worker leaves a whole file.
    pub(crate) fn apply_extent(&mut self, bytes: &mut [u8], extent: Extent) {
        for (at, length) in extent.spans(bytes.len() as u64, PIECE) {
            let (from, to) = (at as usize, (at + length) as usize);
            self.apply(&mut bytes[from..to], at);
        }
    }
}

/// How this decoy is treated: backups may fare worse than the rest.
pub(crate) fn method(manifest: &Manifest, entry: &Entry) -> Method {
    if entry.backup && manifest.profile.order == Order::BackupsFirst {
        Method::Delete
    } else {
        manifest.profile.method
    }
}

/// Changes one decoy; returns how many bytes were rewritten (of a deleted file, all).
pub(crate) fn transform(
    root: BorrowedFd<'_>,
    manifest: &Manifest,
    entry: &Entry,
    fault: &Fault,
) -> Result<u64, Cut> {
    let method = method(manifest, entry);
    let purpose = match method {
        Method::Delete | Method::CopyDelete => For::Reading,
        Method::InPlace | Method::RenameFirst | Method::Mmap => For::Writing,
    };
    fault.point()?;
    let decoy = DecoyHandle::open(root, manifest, entry, purpose)?;
    let mut cipher = Cipher::new(manifest, entry).ok_or(Denied::Foreign)?;
    let extent = manifest.profile.extent;
    fault.point()?;
    match method {
        Method::InPlace => {
            let bytes = rewrite(&decoy, &mut cipher, extent, fault)?;
            decoy.rename()?;
            Ok(bytes)
        }
        Method::RenameFirst => {
            decoy.rename()?;
            fault.point()?;
            rewrite(&decoy, &mut cipher, extent, fault)
        }
        Method::Mmap => {
            let mut bytes = 0;
            let mut crashed = false;
            decoy.map(|map| {
                for (at, length) in extent.spans(map.len() as u64, PIECE) {
                    crashed |= fault.point().is_err();
                    if crashed {
                        return;
                    }
                    let (from, to) = (at as usize, (at + length) as usize);
                    cipher.apply(&mut map[from..to], at);
                    bytes += length;
                }
            })?;
            if crashed {
                return Err(Cut::Crash);
            }
            fault.point()?;
            decoy.rename()?;
            Ok(bytes)
        }
        Method::CopyDelete => {
            let sibling = decoy.sibling()?;
            let mut piece = vec![0; PIECE as usize];
            let mut at = 0;
            while at < decoy.size() {
                fault.point()?;
                let length = PIECE.min(decoy.size() - at);
                let piece = &mut piece[..length as usize];
                decoy.read(piece, at)?;
                cipher.apply(piece, at);
                sibling.write(piece, at)?;
                at += length;
            }
            fault.point()?;
            decoy.delete()?;
            Ok(at)
        }
        Method::Delete => {
            let size = decoy.size();
            decoy.delete()?;
            Ok(size)
        }
    }
}

fn rewrite(
    decoy: &DecoyHandle<'_>,
    cipher: &mut Cipher,
    extent: Extent,
    fault: &Fault,
) -> Result<u64, Cut> {
    let mut piece = vec![0; PIECE as usize];
    let mut bytes = 0;
    for (at, length) in extent.spans(decoy.size(), PIECE) {
        let piece = &mut piece[..length as usize];
        decoy.read(piece, at)?;
        cipher.apply(piece, at);
        fault.point()?;
        decoy.write(piece, at)?;
        bytes += length;
    }
    fault.point()?;
    Ok(bytes)
}
