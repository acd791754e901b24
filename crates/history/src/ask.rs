//! Asking: one SELECT, bounded in memory, time, rows and bytes.

use crate::{
    limit::{JOININGS, Limits, SQL},
    session::{self, Names, Who},
    store::{Store, StoreError},
};
use datafusion::{
    arrow::{
        array::RecordBatch,
        datatypes::DataType,
        util::display::{ArrayFormatter, FormatOptions},
    },
    common::DataFusionError,
    prelude::{SQLOptions, SessionContext},
    sql::{parser::Statement, sqlparser::ast},
};
use futures_util::StreamExt;
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{runtime::Runtime, sync::Semaphore};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The question is longer than this many characters.
    #[error("a question has at most {0} characters")]
    TooLong(usize),
    /// Something else than one `SELECT`.
    #[error("a question is one SELECT")]
    NotASelect,
    /// Text is joined more often than this.
    #[error("a question joins text at most {0} times")]
    Joinings(usize),
    /// Others ask at the moment.
    #[error("too many questions are being answered")]
    Busy,
    /// It took longer than allowed.
    #[error("no answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// It needed more memory than this many bytes.
    #[error("an answer may hold {} MB of memory", .0 >> 20)]
    Memory(usize),
    /// The question does not hold: what is wrong, in the engine's words.
    #[error("{0}")]
    Sql(String),
    /// History cannot be read.
    #[error("{0}")]
    Read(String),
}

impl From<StoreError> for AskError {
    fn from(e: StoreError) -> Self {
        Self::Read(e.to_string())
    }
}

impl From<DataFusionError> for AskError {
    fn from(e: DataFusionError) -> Self {
        use DataFusionError as D;
        match e.find_root() {
            D::ResourcesExhausted(_) => Self::Memory(0),
            D::ObjectStore(_) | D::IoError(_) | D::ParquetError(_) | D::External(_) => {
                Self::Read(e.strip_backtrace())
            }
            _ => Self::Sql(e.strip_backtrace()),
        }
    }
}

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub number: bool,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows: null, true or false, numbers, texts.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than an answer may have.
    pub more: bool,
    /// How long it took.
    pub took: Duration,
}

/// Answers a question in the process, for an operator.
pub async fn ask(
    store: &Store,
    organisation: &str,
    names: &[Names],
    sql: &str,
    limits: &Limits,
) -> Result<Answer, AskError> {
    let state = session::builder(Who::Terminal, limits)?.build();
    let context = SessionContext::new_with_state(state);
    session::register(&context, store, organisation, names)?;
    bounded(run(&context, sql, limits), limits).await
}

/// Ends what takes too long, and names the bound that was too small.
pub(crate) async fn bounded(
    work: impl Future<Output = Result<Answer, AskError>>,
    limits: &Limits,
) -> Result<Answer, AskError> {
    match tokio::time::timeout(limits.time, work).await {
        Err(_) => Err(AskError::Slow(limits.time)),
        Ok(Err(AskError::Memory(_))) => Err(AskError::Memory(limits.memory)),
        Ok(done) => done,
    }
}

/// Plans and runs one SELECT.
pub(crate) async fn run(
    context: &SessionContext,
    sql: &str,
    limits: &Limits,
) -> Result<Answer, AskError> {
    let begun = Instant::now();
    let state = context.state();
    let dialect = &state.config().options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, dialect)?;
    let select = match &statement {
        Statement::Statement(s) => matches!(**s, ast::Statement::Query(_)),
        _ => false,
    };
    if !select {
        return Err(AskError::NotASelect);
    }
    let plan = state.statement_to_plan(statement).await?;
    // A SELECT may still write: SELECT INTO.
    let only =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only.verify_plan(&plan).map_err(|_| AskError::NotASelect)?;
    let frame = context.execute_logical_plan(plan).await?.limit(0, Some(limits.rows + 1))?;
    let columns = frame
        .schema()
        .fields()
        .iter()
        .map(|f| Column { name: f.name().clone(), number: f.data_type().is_numeric() });
    let mut answer =
        Answer { columns: columns.collect(), rows: Vec::new(), more: false, took: Duration::ZERO };
    let mut bytes = 0;
    let mut stream = frame.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        bytes += take(&batch?, limits.rows, limits.bytes.saturating_sub(bytes), &mut answer)?;
        if answer.more {
            break;
        }
    }
    answer.took = begun.elapsed();
    Ok(answer)
}

/// Adds the rows of a batch, as far as there is room; says how many bytes they are.
fn take(
    batch: &RecordBatch,
    most: usize,
    room: usize,
    answer: &mut Answer,
) -> Result<usize, AskError> {
    let options = FormatOptions::default();
    let formats = batch
        .columns()
        .iter()
        .map(|c| ArrayFormatter::try_new(c, &options))
        .collect::<Result<Vec<_>, _>>()
        .map_err(DataFusionError::from)?;
    let mut bytes = 0;
    for at in 0..batch.num_rows() {
        if answer.rows.len() == most || bytes > room {
            answer.more = true;
            break;
        }
        // A cell without a text needs room, too.
        bytes += size_of::<Value>() * formats.len();
        let mut row = Vec::with_capacity(formats.len());
        for (format, column) in formats.iter().zip(batch.columns()) {
            let value = if column.is_null(at) {
                Value::Null
            } else {
                let text = format.value(at).try_to_string().map_err(DataFusionError::from)?;
                bytes += text.len();
                typed(column.data_type(), text)
            };
            row.push(value);
        }
        answer.rows.push(row);
    }
    Ok(bytes)
}

/// A cell as JSON has it.
fn typed(kind: &DataType, text: String) -> Value {
    match kind {
        DataType::Boolean => Value::Bool(text == "true"),
        // A decimal keeps its digits as text where a float would lose them.
        k if k.is_integer() => match (text.parse::<i64>(), text.parse::<u64>()) {
            (Ok(n), _) => n.into(),
            (_, Ok(n)) => n.into(),
            _ => Value::String(text),
        },
        k if k.is_floating() => match text.parse::<f64>() {
            Ok(n) if n.is_finite() => n.into(),
            _ => Value::String(text),
        },
        _ => Value::String(text),
    }
}

/// Answers questions of people at a page: few at a time, on threads of their own, so that nothing else
/// waits for them.
#[derive(Debug)]
pub struct Asker {
    store: Store,
    limits: Limits,
    gate: Arc<Semaphore>,
    threads: Option<Runtime>,
}

/// Questions answered at once.
const AT_ONCE: usize = 2;
/// Planning walks a question's tree on the stack.
const STACK: usize = 16 << 20;

impl Asker {
    /// Answers from a store within limits.
    pub fn new(store: Store, limits: Limits) -> std::io::Result<Self> {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(limits.threads)
            .thread_stack_size(STACK)
            .thread_name("history")
            .enable_all()
            .build()?;
        Ok(Self { store, limits, gate: Arc::new(Semaphore::new(AT_ONCE)), threads: Some(threads) })
    }

    /// The store it answers from.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Answers a question about an organisation's history; `rows` of the answer at most.
    pub async fn ask(
        &self,
        organisation: &str,
        names: Vec<Names>,
        sql: &str,
        rows: usize,
    ) -> Result<Answer, AskError> {
        if sql.chars().count() > SQL {
            return Err(AskError::TooLong(SQL));
        }
        if sql.matches("||").count() > JOININGS {
            return Err(AskError::Joinings(JOININGS));
        }
        let permit = Arc::clone(&self.gate).try_acquire_owned().map_err(|_| AskError::Busy)?;
        let limits = Limits { rows, ..self.limits };
        let (store, organisation, sql) =
            (self.store.clone(), organisation.to_owned(), sql.to_owned());
        let work = async move {
            // Held by the work, not by who waits for it.
            let _permit = permit;
            let state = session::builder(Who::Page, &limits)?.build();
            let context = SessionContext::new_with_state(state);
            session::register(&context, &store, &organisation, &names)?;
            run(&context, &sql, &limits).await
        };
        let Some(threads) = &self.threads else { return Err(AskError::Busy) };
        let task = threads.spawn(work);
        let stop = task.abort_handle();
        let done = async move { task.await.unwrap_or_else(|e| Err(AskError::Sql(e.to_string()))) };
        let answer = bounded(done, &limits).await;
        stop.abort();
        answer
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        // What still runs is let go, and never waited for.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}
