//! Seals the few secrets that the program itself must read again: a copy of the database without
//! the key file beside it is worth nothing.

use super::random;
use crate::error::Error;
use hangtu_catalog::hex;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::{
    fs::{self, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

const KEY: usize = 32;

/// The key of the data folder (ChaCha20-Poly1305).
#[derive(Debug)]
pub(crate) struct Vault(LessSafeKey);

impl Vault {
    /// Reads `keys/vault.key`, or makes it at the first start.
    pub(crate) fn open(data: &Path) -> io::Result<Self> {
        let folder = data.join("keys");
        let path = folder.join("vault.key");
        let key = match fs::read(&path) {
            Ok(key) => key,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
                let key = random::<KEY>().map_err(|_| io::Error::other("no randomness"))?;
                // Written beside and moved into place: a power cut leaves no half key.
                let half = folder.join("vault.key.new");
                let mut file = OpenOptions::new()
                    .write(true)
                    .create(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(&half)?;
                file.set_permissions(Permissions::from_mode(0o600))?;
                file.write_all(&key)?;
                file.sync_all()?;
                fs::rename(&half, &path)?;
                fs::File::open(&folder)?.sync_all()?;
                key.to_vec()
            }
            Err(e) => return Err(e),
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not a key of 32 bytes"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a secret that belongs to `owner`: moved to another row it does not open.
    pub(crate) fn seal(&self, owner: &str, secret: &[u8]) -> Result<String, Error> {
        let nonce = random::<NONCE_LEN>()?;
        let mut text = secret.to_vec();
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(owner.as_bytes()),
                &mut text,
            )
            .map_err(Error::internal)?;
        Ok(hex(&nonce) + &hex(&text))
    }

    /// Opens what [`seal`](Self::seal) gave.
    pub(crate) fn unseal(&self, owner: &str, sealed: &str) -> Result<Vec<u8>, Error> {
        let damaged = || Error::internal("a sealed secret does not open with keys/vault.key");
        let bytes = unhex(sealed).ok_or_else(damaged)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut text)
            .map_err(|_| damaged())?;
        Ok(plain.to_vec())
    }
}

/// Bytes of hexadecimal text.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|p| Some(digit(*p.first()?)? << 4 | digit(*p.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_only_for_its_owner_and_with_the_same_key() {
        let data = tempfile::tempdir().unwrap();
        let sealed = Vault::open(data.path()).unwrap().seal("a", b"secret").unwrap();
        let again = Vault::open(data.path()).unwrap();
        assert_eq!(again.unseal("a", &sealed).unwrap(), b"secret");
        assert!(again.unseal("b", &sealed).is_err());
        assert!(again.unseal("a", &sealed[..10]).is_err());
        let mode = fs::metadata(data.path().join("keys/vault.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert!(Vault::open(other.path()).unwrap().unseal("a", &sealed).is_err());
    }
}
