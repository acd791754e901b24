//! x
use hangtu_record::JsonWriter;
use hangtu_traffic::{Batch, Observer, Settings, capture};
use std::io::{self, Write};
struct Out {
    json: JsonWriter,
    buf: Vec<u8>,
    names: Vec<String>,
    out: io::Stdout,
}
impl Observer for Out {
    fn records(&mut self, batch: &mut Batch) -> io::Result<()> {
        self.buf.clear();
        batch.each(|r| self.json.line(&mut self.buf, r, &self.names[r.origin().input as usize]));
        self.out.lock().write_all(&self.buf)
    }
}
fn main() {
    let args: Vec<_> = std::env::args().skip(1).filter(|a| a != "records").collect();
    let threads: usize = std::env::var("T").ok().and_then(|t| t.parse().ok()).unwrap_or(1);
    let (inputs, _) = capture::find(&args.iter().map(Into::into).collect::<Vec<_>>())
        .unwrap_or_else(|e| {
            eprintln!("{e}");
            std::process::exit(2)
        });
    let mut o = Out {
        json: JsonWriter::new(),
        buf: Vec::new(),
        names: inputs.iter().map(capture::Input::name).collect(),
        out: io::stdout(),
    };
    let s = hangtu_traffic::read(
        &inputs,
        &Settings { threads, records: std::env::var("OFF").is_err(), ..Settings::default() },
        &mut o,
    )
    .expect("read");
    eprintln!(
        "{} ops {} files {} sessions {:?} {:?}",
        s.operations, s.files, s.sessions, s.limits, s.unreadable
    );
    if std::env::var("A").is_ok() {
        let (a, c) = s.assets.finish();
        for a in a {
            eprintln!(
                "{} {:?} {:?} {:?} {:?}",
                a.key, a.interface_vendor, a.roles, a.facts, a.macs
            );
        }
        eprintln!("{}", c.len());
    }
}
