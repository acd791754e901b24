//! The tables of history: their columns, and submissions as rows of them.

use crate::row::Accepted;
use datafusion::arrow::{
    array::{
        ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
        TimestampMicrosecondArray,
    },
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
};
use std::sync::Arc;

/// A table of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// One row for each accepted submission.
    Submission,
    /// One for each scenario and level of it.
    Risk,
    /// One for each major risk in it.
    Major,
    /// One for each scenario drilled.
    Drill,
}

/// All of them.
pub const TABLES: [Table; 4] = [Table::Submission, Table::Risk, Table::Major, Table::Drill];

impl Table {
    /// Its name in SQL, and of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Risk => "risk",
            Self::Major => "major",
            Self::Drill => "drill",
        }
    }

    /// The columns in its files, as questions see them; `month` comes from the folder's name.
    pub fn schema(self) -> SchemaRef {
        // Made of the same code that makes rows: the two cannot differ.
        let written =
            self.batch(&[]).map(|b| b.schema()).unwrap_or_else(|_| Arc::new(Schema::empty()));
        let fields = written.fields().iter().map(|f| match f.data_type() {
            // Views are what grouping by text is fastest with.
            DataType::Utf8 => Field::new(f.name(), DataType::Utf8View, f.is_nullable()),
            _ => f.as_ref().clone(),
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// The rows that submissions add.
    pub(crate) fn batch(self, all: &[&Accepted]) -> Result<RecordBatch, ArrowError> {
        match self {
            Self::Submission => submissions(all),
            Self::Risk => risks(all),
            Self::Major => majors(all),
            Self::Drill => drills(all),
        }
    }
}

fn time(times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

/// Columns of one table on their way: `T` is what one row is made of.
struct Columns<T> {
    rows: Vec<T>,
    columns: Vec<(&'static str, ArrayRef, bool)>,
}

impl<T> Columns<T> {
    fn add(&mut self, name: &'static str, array: ArrayRef, nullable: bool) {
        self.columns.push((name, array, nullable));
    }

    fn text(&mut self, name: &'static str, of: impl Fn(&T) -> &str) {
        let array = StringArray::from_iter_values(self.rows.iter().map(of));
        self.add(name, Arc::new(array), false);
    }

    fn number(&mut self, name: &'static str, of: impl Fn(&T) -> i64) {
        let array = Int64Array::from_iter_values(self.rows.iter().map(of));
        self.add(name, Arc::new(array), false);
    }

    fn flag(&mut self, name: &'static str, of: impl Fn(&T) -> bool) {
        let array: BooleanArray = self.rows.iter().map(|r| Some(of(r))).collect();
        self.add(name, Arc::new(array), false);
    }

    fn time(&mut self, name: &'static str, of: impl Fn(&T) -> i64) {
        let array = time(self.rows.iter().map(|r| Some(of(r))));
        self.add(name, array, false);
    }

    fn maybe_time(&mut self, name: &'static str, of: impl Fn(&T) -> Option<i64>) {
        let array = time(self.rows.iter().map(of));
        self.add(name, array, true);
    }

    /// What every table begins with.
    fn of(rows: Vec<T>, submission: impl Fn(&T) -> &Accepted) -> Self {
        let mut c = Self { rows, columns: Vec::new() };
        let s = &submission;
        c.text("credit_code", |r| &s(r).credit_code);
        c.number("sequence", |r| s(r).sequence);
        c.text("region", |r| &s(r).region);
        c.text("industry", |r| &s(r).industry);
        c.time("as_of", |r| s(r).as_of);
        c.time("accepted_at", |r| s(r).accepted_at);
        c
    }

    fn done(self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_from_iter_with_nullable(self.columns)
    }
}

fn submissions(all: &[&Accepted]) -> Result<RecordBatch, ArrowError> {
    let mut c = Columns::of(all.to_vec(), |r| r);
    c.text("revenue_band", |r| &r.revenue_band);
    c.flag("graded", |r| r.graded);
    c.flag("filed", |r| r.filed);
    for (at, name) in ["assets", "general", "important", "core", "ungraded"].into_iter().enumerate()
    {
        c.number(name, |r| r.assets[at]);
    }
    c.number("runs", |r| r.runs);
    c.maybe_time("examined", |r| r.examined);
    let checks = [
        "checks_total",
        "checks_measured",
        "checks_errored",
        "checks_stale",
        "checks_never",
        "not_applicable",
    ];
    for (at, name) in checks.into_iter().enumerate() {
        c.number(name, |r| r.checks[at]);
    }
    for (at, name) in ["person_times", "persons", "professionals"].into_iter().enumerate() {
        c.number(name, |r| r.training[at]);
    }
    c.done()
}

fn risks(all: &[&Accepted]) -> Result<RecordBatch, ArrowError> {
    let rows = all.iter().flat_map(|s| s.risks.iter().map(|r| (*s, r))).collect();
    let mut c = Columns::of(rows, |r| r.0);
    c.text("scenario", |r| &r.1.scenario);
    c.text("level", |r| &r.1.level);
    for (at, name) in ["open", "overdue", "accepted", "corrected", "proven"].into_iter().enumerate()
    {
        c.number(name, |r| r.1.counts[at]);
    }
    c.maybe_time("oldest_open", |r| r.1.oldest_open);
    c.done()
}

fn majors(all: &[&Accepted]) -> Result<RecordBatch, ArrowError> {
    let rows = all.iter().flat_map(|s| s.majors.iter().map(|m| (*s, m))).collect();
    let mut c = Columns::of(rows, |r| r.0);
    c.text("id", |r| &r.1.id);
    c.text("rule", |r| &r.1.rule);
    c.text("scenario", |r| &r.1.scenario);
    c.text("state", |r| &r.1.state);
    c.time("opened", |r| r.1.opened);
    c.maybe_time("closed", |r| r.1.closed);
    c.done()
}

fn drills(all: &[&Accepted]) -> Result<RecordBatch, ArrowError> {
    let rows = all.iter().flat_map(|s| s.drills.iter().map(|d| (*s, d))).collect();
    let mut c = Columns::of(rows, |r| r.0);
    c.text("scenario", |r| &r.1.scenario);
    c.time("last", |r| r.1.last);
    let score: Float64Array = c.rows.iter().map(|r| r.1.score).collect();
    c.add("score", Arc::new(score), true);
    c.number("shortcomings_open", |r| r.1.shortcomings_open);
    c.done()
}
