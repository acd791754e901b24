//! Many rows in few statements: a run may bring a hundred thousand findings.

use crate::error::Error;
use sqlx::{Any, AnyConnection, AssertSqlSafe, any::AnyArguments, query::Query};

/// A value of the store.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Int(i64),
    Null,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Int(n)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(i64::from(truth))
    }
}

impl From<u32> for Value {
    fn from(n: u32) -> Self {
        Self::Int(n.into())
    }
}

impl From<Option<i64>> for Value {
    fn from(n: Option<i64>) -> Self {
        n.map_or(Self::Null, Self::Int)
    }
}

/// Binds a value; only whole numbers are ever absent.
pub(crate) fn bind(
    query: Query<'_, Any, AnyArguments>,
    value: Value,
) -> Query<'_, Any, AnyArguments> {
    match value {
        Value::Text(text) => query.bind(text),
        Value::Int(n) => query.bind(n),
        Value::Null => query.bind(None::<i64>),
    }
}

/// Rows of one table on their way into it.
pub(crate) struct Batch {
    table: &'static str,
    columns: &'static [&'static str],
    /// What to do with a row that is there.
    conflict: String,
    values: Vec<Value>,
}

/// Values of one statement; both databases take more.
const MOST: usize = 6_000;

impl Batch {
    /// Adds rows; one that is there already stays as it is.
    pub(crate) fn insert(table: &'static str, columns: &'static [&'static str]) -> Self {
        let conflict = "ON CONFLICT DO NOTHING".into();
        Self { table, columns, conflict, values: Vec::new() }
    }

    /// Adds rows or replaces those with the same first column.
    pub(crate) fn put(table: &'static str, columns: &'static [&'static str]) -> Self {
        let sets: Vec<_> = columns[1..].iter().map(|c| format!("{c} = excluded.{c}")).collect();
        let conflict = format!("ON CONFLICT ({}) DO UPDATE SET {}", columns[0], sets.join(", "));
        Self { table, columns, conflict, values: Vec::new() }
    }

    /// Adds rows or replaces those with the same first so many columns.
    pub(crate) fn replace(
        table: &'static str,
        columns: &'static [&'static str],
        keys: usize,
    ) -> Self {
        let sets = columns[keys..].iter().map(|c| format!("{c} = excluded.{c}"));
        Self::with(table, columns, keys, sets.collect())
    }

    /// Adds to the numbers of the rows with the same first so many columns; begins them where they
    /// are not there.
    pub(crate) fn sum(table: &'static str, columns: &'static [&'static str], keys: usize) -> Self {
        let sets = columns[keys..].iter().map(|c| format!("{c} = {table}.{c} + excluded.{c}"));
        Self::with(table, columns, keys, sets.collect())
    }

    fn with(
        table: &'static str,
        columns: &'static [&'static str],
        keys: usize,
        sets: Vec<String>,
    ) -> Self {
        let conflict = format!(
            "ON CONFLICT ({}) DO UPDATE SET {}",
            columns[..keys].join(", "),
            sets.join(", ")
        );
        Self { table, columns, conflict, values: Vec::new() }
    }

    /// One more row, its values in the order of the columns.
    pub(crate) async fn add(
        &mut self,
        connection: &mut AnyConnection,
        row: impl IntoIterator<Item = Value>,
    ) -> Result<(), Error> {
        self.values.extend(row);
        if self.values.len() + self.columns.len() > MOST {
            self.flush(connection).await?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(crate) async fn flush(&mut self, connection: &mut AnyConnection) -> Result<(), Error> {
        let width = self.columns.len();
        let rows: Vec<String> = (0..self.values.len() / width)
            .map(|row| {
                let places: Vec<_> =
                    (1..=width).map(|at| format!("${}", row * width + at)).collect();
                format!("({})", places.join(","))
            })
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO {} ({}) VALUES {} {}",
            self.table,
            self.columns.join(", "),
            rows.join(","),
            self.conflict
        );
        let query = sqlx::query(AssertSqlSafe(sql));
        self.values.drain(..).fold(query, bind).execute(connection).await?;
        Ok(())
    }
}
