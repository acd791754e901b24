//! Where history lies, and writing it: a local folder or a bucket of an S3 service.
//!
//! `<root>/<organisation>/<table>/month=2026-11/00000007.parquet`. A part is written under names that
//! only depend on it. A local file is written beside its place, synced, and renamed; an object of S3
//! appears when all of it was received.

use crate::{
    row::Accepted,
    table::{TABLES, Table},
};
use datafusion::{
    arrow::error::ArrowError,
    parquet::{
        arrow::ArrowWriter,
        basic::{Compression, ZstdLevel},
        errors::ParquetError,
        file::properties::WriterProperties,
    },
};
use futures_util::TryStreamExt;
use object_store::{
    ObjectStore, PutOptions, PutPayload,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Key,
};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};
use url::Url;

/// Why history cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The place is neither a folder nor `s3://bucket/prefix`.
    #[error("{0}: neither a folder nor s3://BUCKET/PREFIX")]
    Place(String),
    /// The name cannot be that of an organisation, or of a month.
    #[error("{0:?} cannot name a folder of history")]
    Name(String),
    /// The folder cannot be used.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// The object store refused.
    #[error(transparent)]
    Remote(#[from] object_store::Error),
    /// Rows did not become a file.
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// Rows did not become columns.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// What a part became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Files.
    pub files: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// The root of history.
#[derive(Clone, Debug)]
pub struct Store {
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Local(PathBuf),
    S3 { store: Arc<AmazonS3>, url: Url },
}

impl Store {
    /// Opens a folder, made when it is missing, or `s3://bucket/prefix` with the credentials of the
    /// usual environment variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_ENDPOINT`,
    /// `AWS_REGION`, `AWS_ALLOW_HTTP`).
    pub fn open(place: &str) -> Result<Self, StoreError> {
        if place.starts_with("s3://") {
            let bad = || StoreError::Place(place.to_owned());
            let url =
                Url::parse(&format!("{}/", place.trim_end_matches('/'))).map_err(|_| bad())?;
            let store = bucket(url.host_str().ok_or_else(bad)?)?;
            return Ok(Self { place: Place::S3 { store: Arc::new(store), url } });
        }
        if place.is_empty() || place.contains("://") {
            return Err(StoreError::Place(place.to_owned()));
        }
        let path = Path::new(place);
        let failed = |e| StoreError::Io(path.to_owned(), e);
        fs::create_dir_all(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        Ok(Self { place: Place::Local(path) })
    }

    /// Writes a part: the rows of these submissions, as a file for each table and month that has any.
    /// Written again with the same submissions in the same order, it changes nothing.
    pub async fn write(
        &self,
        organisation: &str,
        part: u64,
        accepted: &[Accepted],
    ) -> Result<Written, StoreError> {
        let mut months: BTreeMap<&str, Vec<&Accepted>> = BTreeMap::new();
        for a in accepted {
            months.entry(named(&a.month)?).or_default().push(a);
        }
        let mut written = Written::default();
        for (month, all) in months {
            for table in TABLES {
                let batch = table.batch(&all)?;
                if batch.num_rows() == 0 {
                    continue;
                }
                let mut writer =
                    ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties()))?;
                writer.write(&batch)?;
                let bytes = writer.into_inner()?;
                written.files += 1;
                written.rows += batch.num_rows() as u64;
                written.bytes += bytes.len() as u64;
                let folder =
                    [named(organisation)?, table.name(), &format!("month={month}")].join("/");
                self.put(&folder, &format!("{part:08}.parquet"), bytes).await?;
            }
        }
        Ok(written)
    }

    async fn put(&self, folder: &str, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        match &self.place {
            Place::S3 { store, url } => {
                let key =
                    Key::from(format!("{}{folder}/{name}", url.path().trim_start_matches('/')));
                store.put_opts(&key, PutPayload::from(bytes), PutOptions::default()).await?;
                Ok(())
            }
            Place::Local(root) => {
                let (folder, name) = (root.join(folder), name.to_owned());
                let done = tokio::task::spawn_blocking(move || {
                    settle(&folder, &name, &bytes).map_err(|e| StoreError::Io(folder, e))
                });
                done.await
                    .unwrap_or_else(|e| Err(StoreError::Io(PathBuf::new(), io::Error::other(e))))
            }
        }
    }

    /// The organisations that have history here.
    pub async fn organisations(&self) -> Result<Vec<String>, StoreError> {
        let mut names = match &self.place {
            Place::Local(root) => {
                let failed = |e| StoreError::Io(root.clone(), e);
                let mut names = Vec::new();
                for entry in fs::read_dir(root).map_err(failed)? {
                    let entry = entry.map_err(failed)?;
                    if entry.path().is_dir() {
                        names.push(entry.file_name().to_string_lossy().into_owned());
                    }
                }
                names
            }
            Place::S3 { store, url } => {
                let prefix = Key::from(url.path());
                let listed = store.list_with_delimiter(Some(&prefix)).await?;
                let name = |k: Key| k.filename().map(str::to_owned);
                listed.common_prefixes.into_iter().filter_map(name).collect()
            }
        };
        names.retain(|n| named(n).is_ok());
        names.sort();
        Ok(names)
    }

    /// Bytes of the files there are.
    pub async fn bytes(&self, organisation: &str) -> Result<u64, StoreError> {
        let organisation = named(organisation)?;
        match &self.place {
            Place::Local(root) => {
                let root = root.join(organisation);
                size(&root).map_err(|e| StoreError::Io(root, e))
            }
            Place::S3 { store, url } => {
                let prefix = Key::from(format!("{}{organisation}", url.path()));
                let sizes = store.list(Some(&prefix)).map_ok(|m| m.size);
                Ok(sizes.try_fold(0, |sum, n| async move { Ok(sum + n) }).await?)
            }
        }
    }

    /// The folder of a table as a URL that DataFusion understands.
    pub(crate) fn url(&self, organisation: &str, table: Table) -> Result<Url, StoreError> {
        let organisation = named(organisation)?;
        let below = format!("{organisation}/{}/", table.name());
        match &self.place {
            Place::Local(root) => {
                let path = root.join(below);
                // One that has no rows yet is an empty table, not an error.
                fs::create_dir_all(&path).map_err(|e| StoreError::Io(path.clone(), e))?;
                Url::from_directory_path(&path)
                    .map_err(|()| StoreError::Place(path.display().to_string()))
            }
            Place::S3 { url, .. } => {
                url.join(&below).map_err(|_| StoreError::Name(organisation.into()))
            }
        }
    }

    /// What must be known beside the URL: the store of a bucket.
    pub(crate) fn remote(&self) -> Option<(Url, Arc<dyn ObjectStore>)> {
        match &self.place {
            Place::Local(_) => None,
            Place::S3 { store, url } => {
                let mut bucket = url.clone();
                bucket.set_path("");
                Some((bucket, Arc::clone(store) as Arc<dyn ObjectStore>))
            }
        }
    }
}

/// A bucket, with the credentials of the environment.
pub(crate) fn bucket(name: &str) -> object_store::Result<AmazonS3> {
    AmazonS3Builder::from_env().with_bucket_name(name).build()
}

/// A word that may stand in a path.
fn named(word: &str) -> Result<&str, StoreError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let holds = !word.is_empty() && word.len() <= 100 && word.bytes().all(plain);
    if holds { Ok(word) } else { Err(StoreError::Name(word.to_owned())) }
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_created_by("hangtu".into())
        .build()
}

/// Writes a file so that it is there whole or not at all, also after a power cut.
fn settle(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // Not `.parquet`: what a killed program left is not read, and is written over the next time.
    let beside = folder.join(format!(".{name}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    File::open(folder)?.sync_all()
}

fn size(dir: &Path) -> io::Result<u64> {
    let mut sum = 0;
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        sum += if entry.path().is_dir() { size(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}
