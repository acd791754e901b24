//! A progress bar with rate and time left, on a terminal only.

use hangtu_catalog::{Arg, Language, key, text};
use hangtu_evidence::Input;
use hangtu_examine::{Progress, SoFar};
use indicatif::{ProgressBar, ProgressStyle};
use std::{io::IsTerminal, ops::ControlFlow};

pub(crate) struct Bar(Option<(ProgressBar, Language)>);

impl Bar {
    /// A bar over the inputs, or none where standard error is no terminal.
    pub(crate) fn new(language: Language, inputs: &[Input]) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let total: Option<u64> = inputs.iter().map(Input::size).sum();
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let template = if total.is_some() {
            "{msg} {wide_bar} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} · {prefix}"
        } else {
            "{msg} {spinner} {bytes} · {bytes_per_sec} · {prefix}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(text(language, key::CLI_PROGRESS_READING, &[]));
        Self(Some((bar, language)))
    }
}

impl Progress for Bar {
    fn at(&mut self, so_far: SoFar) -> ControlFlow<()> {
        if let Some((bar, language)) = &self.0 {
            bar.set_position(so_far.bytes);
            let records = [("records", Arg::Number(so_far.records))];
            bar.set_prefix(text(*language, key::CLI_PROGRESS_RECORDS, &records));
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some((bar, _)) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
