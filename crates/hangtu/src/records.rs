//! `hangtu records`: decoded records as JSON lines.

use crate::{Ending, cli, examine, failure::Failure, memory, summary};
use clap::ArgMatches;
use hangtu_catalog::{Catalog, Language};
use hangtu_examine::{Rules, evidence};
use hangtu_record::{JsonWriter, Record};
use hangtu_sigma::{RuleIndex, Scratch};
use std::io::{self, Write};

/// Bytes that are written together.
const TOGETHER: usize = 64 << 10;

struct Lines {
    json: JsonWriter,
    buffer: Vec<u8>,
    /// How writing went.
    written: io::Result<()>,
    names: Vec<String>,
    /// When only records that rules match are wanted.
    rules: Option<(Rules, Scratch, Vec<RuleIndex>)>,
}

impl Lines {
    fn write(&mut self) {
        if self.written.is_ok() {
            self.written = io::stdout().lock().write_all(&self.buffer);
        }
        self.buffer.clear();
    }
}

impl evidence::Observer for Lines {
    fn record(&mut self, record: &dyn Record) {
        if self.buffer.len() >= TOGETHER {
            self.write();
        }
        let name = self.names.get(record.origin().input as usize).map_or("", String::as_str);
        let Some((rules, scratch, hits)) = &mut self.rules else {
            self.json.line(&mut self.buffer, record, name);
            return;
        };
        hits.clear();
        rules.ruleset.matches(scratch, record, &mut |rule| hits.push(rule));
        if hits.is_empty() {
            return;
        }
        self.json.line(&mut self.buffer, record, name);
        self.buffer.truncate(self.buffer.len() - 2);
        let ids: Vec<&str> = hits
            .iter()
            .filter_map(|hit| rules.infos.get(hit.0 as usize))
            .map(|info| info.id.as_str())
            .collect();
        // Written to memory, which does not fail.
        let _ = writeln!(self.buffer, ",\"rules\":{}}}", serde_json::json!(ids));
    }

    fn rest(&mut self) -> io::Result<()> {
        self.write();
        std::mem::replace(&mut self.written, Ok(()))
    }
}

pub(crate) fn run(language: Language, matches: &ArgMatches) -> Result<Ending, Failure> {
    memory::quick();
    let dirs = cli::paths(matches, "rules");
    let rules = if matches.get_flag("matches") || !dirs.is_empty() {
        let catalog = Catalog::embedded()?;
        Some((Rules::load(&catalog, &dirs)?, Scratch::new(), Vec::new()))
    } else {
        None
    };
    let reading = cli::reading(matches, None)?;
    let found = examine::evidence(&cli::paths(matches, "path"), &reading)?;
    let left_out = rules.as_ref().map(|(rules, ..)| rules.left_out()).unwrap_or_default();
    let missing = summary::tell_missing(language, &found, &left_out);
    let names = found.names();
    let mut lines =
        Lines { json: JsonWriter::new(), buffer: Vec::new(), written: Ok(()), names, rules };
    let read = evidence::read(&found, &reading, &mut lines)?;
    let damaged = summary::tell_damage(language, &found.names(), &read);
    Ok(if damaged || missing { Ending::Incomplete } else { Ending::Done })
}
