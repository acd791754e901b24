use super::*;
use std::{fs, process::Command};

#[test]
fn a_seed_draws_the_same_files_and_other_seeds_others() {
    let kinds = Kinds::embedded().unwrap();
    let (one, again, other) =
        (kinds.draw(7, 200, 1.0), kinds.draw(7, 200, 1.0), kinds.draw(8, 200, 1.0));
    let content = |d: &[Decoy]| d.iter().map(Decoy::content).collect::<Vec<_>>();
    assert_eq!(content(&one), content(&again));
    assert_ne!(content(&one), content(&other));
    let mut paths: Vec<&str> = one.iter().map(|d| d.path.as_str()).collect();
    paths.dedup();
    assert_eq!(paths.len(), 200);
    for decoy in &one {
        let (size, wish) = (decoy.content().len() as f64, decoy.wish as f64);
        assert!(size < wish * 1.6 + 9000.0, "{}: {size} for {wish}", decoy.path);
    }
    let kinds_seen: HashSet<&str> = one.iter().map(|d| d.kind.as_str()).collect();
    assert_eq!(kinds_seen.len(), kinds.all.len());
}

/// The formats are what they pass for, judged by programs that are not ours where there is Python.
#[test]
fn decoys_open_in_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    for (at, decoy) in Kinds::embedded().unwrap().draw(3, 60, 1.0).iter().enumerate() {
        let extension = format!("{:?}", decoy.format).to_lowercase();
        fs::write(folder.path().join(format!("{at}.{extension}")), decoy.content()).unwrap();
    }
    let check = r"
import sys, os, zipfile, sqlite3, json, struct, zlib, re
import xml.dom.minidom as dom
seen = set()
for name in os.listdir(sys.argv[1]):
    path = os.path.join(sys.argv[1], name); kind = name.split('.')[1]; seen.add(kind)
    data = open(path, 'rb').read()
    if kind in ('docx', 'xlsx', 'project'):
        z = zipfile.ZipFile(path); assert z.testzip() is None
        for part in z.namelist():
            if part.endswith(('.xml', '.rels')): dom.parseString(z.read(part))
    elif kind == 'sqlite':
        c = sqlite3.connect(path)
        assert c.execute('pragma integrity_check').fetchone()[0] == 'ok'
        assert c.execute('select count(*) from measurement').fetchone()[0] > 20
    elif kind == 'recipejson': json.loads(data)
    elif kind == 'recipexml': dom.parseString(data)
    elif kind == 'png':
        assert data[:8] == b'\x89PNG\r\n\x1a\n'; at = 8; idat = b''
        while at < len(data):
            n, t = struct.unpack('>I4s', data[at:at+8]); body = data[at+8:at+8+n]
            assert zlib.crc32(t + body) == struct.unpack('>I', data[at+8+n:at+12+n])[0]
            if t == b'IDAT': idat += body
            if t == b'IHDR': w, h = struct.unpack('>II', body[:8])
            at += 12 + n
        assert len(zlib.decompress(idat)) == (w + 1) * h
    elif kind == 'bmp':
        assert struct.unpack('<I', data[2:6])[0] == len(data)
    elif kind == 'pdf':
        start = int(re.search(rb'startxref\n(\d+)', data).group(1)); assert data[start:start+4] == b'xref'
        for n, at in enumerate(re.findall(rb'(\d{10}) 00000 n', data)):
            assert data[int(at):].startswith(b'%d 0 obj' % (n + 1))
    else: data.decode('utf-8')
assert len(seen) == 13, seen
";
    match Command::new("python3").args(["-c", check]).arg(folder.path()).output() {
        Ok(ran) => assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr)),
        Err(_) => eprintln!("skipped: no python3 to open the decoys with"),
    }
}
