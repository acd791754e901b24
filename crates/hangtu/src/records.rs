//! `hangtu records`: decoded records as JSON lines.

use crate::{Ending, cli, examine, failure::Failure};
use clap::ArgMatches;
use hangtu_record::JsonWriter;
use hangtu_traffic::{Batch, Observer};
use std::io::{self, Write};

struct Lines {
    json: JsonWriter,
    buffer: Vec<u8>,
    names: Vec<String>,
}

impl Observer for Lines {
    fn records(&mut self, batch: &mut Batch) -> io::Result<()> {
        self.buffer.clear();
        let (json, buffer, names) = (&mut self.json, &mut self.buffer, &self.names);
        batch.each(|record| {
            let name = names.get(record.origin().input as usize).map_or("", String::as_str);
            json.line(buffer, record, name);
        });
        io::stdout().lock().write_all(&self.buffer)
    }
}

pub(crate) fn run(matches: &ArgMatches) -> Result<Ending, Failure> {
    let inputs = examine::inputs(&cli::paths(matches, "path"))?.0;
    let names = inputs.iter().map(hangtu_evidence::Input::name).collect();
    let mut lines = Lines { json: JsonWriter::new(), buffer: Vec::new(), names };
    let summary = hangtu_traffic::read(&inputs, &cli::traffic(matches), &mut lines)?;
    let damaged = summary.inputs.iter().any(|i| !i.damages.is_empty());
    Ok(if damaged { Ending::Incomplete } else { Ending::Done })
}
