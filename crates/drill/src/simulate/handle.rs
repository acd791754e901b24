//! A decoy, held open. There is no other way to change anything, and none to get one but from an
//! entry of the manifest.

use super::{
    manifest::{Entry, Manifest},
    place::{Identity, beneath, folder, look, plain},
};
use rustix::{
    fs::{AtFlags, Mode, OFlags, RenameFlags, fstat, renameat_with, unlinkat},
    io::Errno,
};
use std::{
    fs::File,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::FileExt,
    },
};

/// Why an action on a decoy did not take place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// What lies there is not the decoy the manifest describes.
    Foreign,
    /// The system refused.
    Errno(Errno),
}

impl From<Errno> for Denied {
    fn from(e: Errno) -> Self {
        match e {
            // A name that leads elsewhere, or to another device, is somebody else's doing.
            Errno::LOOP | Errno::XDEV | Errno::NOENT | Errno::NOTDIR | Errno::ISDIR => {
                Self::Foreign
            }
            Errno::EXIST => Self::Foreign,
            e => Self::Errno(e),
        }
    }
}

impl From<std::io::Error> for Denied {
    fn from(e: std::io::Error) -> Self {
        Errno::from_io_error(&e).map_or(Self::Errno(Errno::IO), Self::from)
    }
}

/// How a decoy is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Reading,
    Writing,
}

/// A decoy, held open together with its folder.
#[derive(Debug)]
pub(crate) struct DecoyHandle<'a> {
    entry: &'a Entry,
    folder: OwnedFd,
    file: File,
}

impl<'a> DecoyHandle<'a> {
    /// Opens the decoy of an entry, beneath the drill's directory.
    pub(crate) fn open(
        root: BorrowedFd<'_>,
        manifest: &'a Manifest,
        entry: &'a Entry,
        purpose: For,
    ) -> Result<Self, Denied> {
        let place = manifest.folder(entry);
        let folder = folder(root, &place.path)?;
        if Identity::of(&fstat(&folder)?) != place.identity {
            return Err(Denied::Foreign);
        }
        let flags = match purpose {
            For::Reading => OFlags::RDONLY,
            For::Writing => OFlags::RDWR,
        };
        // Without NONBLOCK a pipe put in its place would hold us up.
        let file = beneath(&folder, &entry.name, flags | OFlags::NONBLOCK, Mode::empty())?;
        let handle = Self { entry, folder, file: file.into() };
        handle.check()?;
        Ok(handle)
    }

    /// Whether what is held is still the decoy, with one name only.
    fn check(&self) -> Result<(), Denied> {
        let stat = fstat(&self.file)?;
        let same = Identity::of(&stat) == self.entry.identity && plain(&stat);
        if same { Ok(()) } else { Err(Denied::Foreign) }
    }

    /// Whether a name in the folder is the decoy.
    fn check_name(&self, name: &str) -> Result<(), Denied> {
        let stat = look(&self.folder, name)?;
        let same = Identity::of(&stat) == self.entry.identity && plain(&stat);
        if same { Ok(()) } else { Err(Denied::Foreign) }
    }

    pub(crate) fn size(&self) -> u64 {
        self.entry.size
    }

    pub(crate) fn read(&self, bytes: &mut [u8], at: u64) -> Result<(), Denied> {
        Ok(self.file.read_exact_at(bytes, at)?)
    }

    /// Overwrites bytes; the file does not grow.
    pub(crate) fn write(&self, bytes: &[u8], at: u64) -> Result<(), Denied> {
        if at.saturating_add(bytes.len() as u64) > self.entry.size {
            return Err(Denied::Foreign);
        }
        self.check()?;
        Ok(self.file.write_all_at(bytes, at)?)
    }

    /// Changes bytes through a shared map of the whole file.
    pub(crate) fn map(&self, change: impl FnOnce(&mut [u8])) -> Result<(), Denied> {
        self.check()?;
        let length = usize::try_from(self.entry.size).unwrap_or(usize::MAX);
        // A file that somebody cut would end the worker by a signal where the map has no bytes.
        if fstat(&self.file)?.st_size as u64 != self.entry.size {
            return Err(Denied::Foreign);
        }
        Ok(mapped(self.file.as_fd(), length, change)?)
    }

    /// Gives the decoy the name the simulation gives it, where nothing has it yet.
    pub(crate) fn rename(&self) -> Result<(), Denied> {
        if self.entry.becomes == self.entry.name {
            return Ok(());
        }
        self.check()?;
        self.check_name(&self.entry.name)?;
        let (from, to) = (&self.entry.name, &self.entry.becomes);
        renameat_with(&self.folder, from, &self.folder, to, RenameFlags::NOREPLACE)?;
        Ok(())
    }

    /// Makes the file that the simulation puts in the decoy's place.
    pub(crate) fn sibling(&self) -> Result<Sibling, Denied> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let file = beneath(&self.folder, &self.entry.becomes, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(Sibling { file: file.into(), size: self.entry.size })
    }

    /// Deletes the decoy.
    pub(crate) fn delete(self) -> Result<(), Denied> {
        self.check()?;
        self.check_name(&self.entry.name)?;
        unlinkat(&self.folder, &self.entry.name, AtFlags::empty())?;
        Ok(())
    }
}

/// The file a simulation writes in place of a decoy.
#[derive(Debug)]
pub(crate) struct Sibling {
    file: File,
    size: u64,
}

impl Sibling {
    pub(crate) fn write(&self, bytes: &[u8], at: u64) -> Result<(), Denied> {
        if at.saturating_add(bytes.len() as u64) > self.size {
            return Err(Denied::Foreign);
        }
        Ok(self.file.write_all_at(bytes, at)?)
    }
}

/// Lends a file's bytes for changing, as a shared map.
#[allow(unsafe_code, reason = "a map of a file has no safe form")]
fn mapped(
    file: BorrowedFd<'_>,
    length: usize,
    change: impl FnOnce(&mut [u8]),
) -> rustix::io::Result<()> {
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
    if length == 0 {
        return Ok(());
    }
    // SAFETY: the kernel chooses the address, so no object of ours is replaced. The slice covers
    // exactly the map and ends before it is taken away. Other processes of the same account could
    // write to the decoy meanwhile; its bytes are plain numbers of which every value is allowed, and
    // nothing is concluded from them. A file cut meanwhile raises SIGBUS, which ends the worker:
    // that is the containment a drill measures, not memory gone wrong.
    unsafe {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let map = mmap(std::ptr::null_mut(), length, protection, MapFlags::SHARED, file, 0)?;
        change(std::slice::from_raw_parts_mut(map.cast::<u8>(), length));
        munmap(map, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_map_changes_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"decoy").unwrap();
        mapped(file.as_fd(), 5, |bytes| bytes[0] ^= 0xff).unwrap();
        let mut first = [0; 5];
        file.read_exact_at(&mut first, 0).unwrap();
        assert_eq!(&first, b"\x9becoy");
        mapped(file.as_fd(), 0, |_| unreachable!()).unwrap();
    }
}
