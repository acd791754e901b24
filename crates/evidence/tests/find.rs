//! What is found below paths: each file once, and of archives no more than is told.

#![allow(clippy::unwrap_used, reason = "tests")]

use hangtu_evidence::{Input, TooMany, find, open};
use hangtu_record::Time;
use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    path::{Path, PathBuf},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// A folder of that name, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_file_is_found_once_however_it_is_spelt() {
    let folder = folder("spelt");
    fs::create_dir(folder.join("below")).unwrap();
    let (file, packed) = (folder.join("a.log"), folder.join("b.zip"));
    fs::write(&file, "a").unwrap();
    fs::write(&packed, archive(CompressionMethod::Stored, [("c.log".into(), "c")])).unwrap();
    let spelt = |name: &str| folder.join("below/../").join(name);
    let mut paths =
        vec![file.clone(), spelt("a.log"), packed.clone(), spelt("b.zip"), folder.clone()];
    #[cfg(unix)]
    {
        let link = folder.join("below/link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        paths.insert(1, link);
    }
    let found = find(&paths, &[&|_| Some(Time(0))]).unwrap();
    let names: Vec<String> = found.inputs[0].iter().map(Input::name).collect();
    let member = format!("{}/c.log", packed.display());
    assert_eq!(names, [file.display().to_string(), member]);
    assert!(found.unreadable.is_empty() && found.others.is_empty());
    // Of no kind, it is told once too, unless it is named.
    let none = find(&[folder.clone(), folder.join("below/.."), folder], &[&|_| None]).unwrap();
    assert_eq!(none.others.len(), 2, "{:?}", none.others);
    assert!(find(&[file], &[&|_| None]).is_err());
}

/// A ZIP archive of files with their content.
fn archive<'c>(
    method: CompressionMethod,
    files: impl IntoIterator<Item = (String, &'c str)>,
) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        out.start_file(name, options).unwrap();
        out.write_all(content.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn files_beyond_the_bound_of_an_archive_are_told() {
    let path = folder("many").join("many.zip");
    let files = (0..100_003).map(|n| (format!("{n:06}.log"), ""));
    fs::write(&path, archive(CompressionMethod::Stored, files)).unwrap();
    let found = find(std::slice::from_ref(&path), &[&|_| Some(Time(0))]).unwrap();
    assert_eq!(found.inputs[0].len(), 100_000);
    let [told] = &found.unreadable[..] else { panic!("{:?}", found.unreadable) };
    let why = told.source.get_ref().and_then(|why| why.downcast_ref::<TooMany>());
    assert_eq!((&told.path, why.map(|why| why.left_out)), (&path, Some(3)));
}

#[test]
fn a_packed_file_is_as_large_as_what_is_read_of_it() {
    let content = "the same again ".repeat(1_000);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let path = folder("packed").join("one.zip");
        fs::write(&path, archive(method, [("one.log".into(), &*content)])).unwrap();
        let input = find(&[path], &[&|_| Some(Time(0))]).unwrap().inputs.remove(0).remove(0);
        let mut read = Vec::new();
        open(&input, |r| r).unwrap().source.read_to_end(&mut read).unwrap();
        assert_eq!(input.size(), Some(read.len() as u64), "{method}");
    }
}
