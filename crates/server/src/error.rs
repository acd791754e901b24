//! What can go wrong in a request, as a status and a text in the reader's language.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hangtu_catalog::{Bilingual, key};

/// Why a request was not carried out.
#[derive(Clone, Debug)]
pub(crate) enum Error {
    /// Nobody is signed in.
    SignedOut,
    /// Not for this person. Also said of rows that may exist elsewhere only where the path itself
    /// is not theirs; another organisation's row is [`NotFound`](Self::NotFound).
    Forbidden,
    /// No such thing, or not in this organisation.
    NotFound,
    /// The state does not allow it, or somebody was faster.
    Conflict(Bilingual),
    /// The input does not hold: the field's name and what is wrong.
    Invalid(&'static str, Bilingual),
    /// More than is taken.
    TooLarge,
    /// Too often; seconds to wait.
    Throttled(u64),
    /// It took longer than a page may take.
    TimeOut,
    /// The disk is full, or may not be written.
    Storage(String),
    /// Our fault, or the machine's; the text is for the log.
    Internal(String),
}

/// A problem on its way to the reader: [`crate::ctx`] renders it as a page or as RFC 9457 JSON.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) text: Bilingual,
    pub(crate) field: Option<&'static str>,
    /// Seconds after which to try again.
    pub(crate) retry: Option<u64>,
}

impl Error {
    /// A fault of ours, with the text for the log.
    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        Self::Internal(why.to_string())
    }

    /// A fault of ours that ended a task; its place is in the log already.
    pub(crate) fn panicked(why: &(dyn std::any::Any + Send)) -> Self {
        let text = why.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| why.downcast_ref::<&str>().copied());
        Self::internal(format!("panicked: {}", text.unwrap_or("no reason given")))
    }

    /// An input that does not hold.
    pub(crate) fn invalid(field: &'static str, message: key::Key) -> Self {
        Self::Invalid(field, Bilingual::message(message, &[]))
    }

    /// A state that does not allow it.
    pub(crate) fn conflict(message: key::Key) -> Self {
        Self::Conflict(Bilingual::message(message, &[]))
    }

    fn problem(self) -> Problem {
        let say = |key| Bilingual::message(key, &[]);
        let retry = if let Self::Throttled(seconds) = self { Some(seconds) } else { None };
        let (status, text, field) = match self {
            Self::SignedOut => (StatusCode::UNAUTHORIZED, say(key::SERVER_SIGNED_OUT), None),
            Self::Forbidden => (StatusCode::FORBIDDEN, say(key::SERVER_FORBIDDEN), None),
            Self::NotFound => (StatusCode::NOT_FOUND, say(key::SERVER_NOT_FOUND), None),
            Self::Conflict(text) => (StatusCode::CONFLICT, text, None),
            Self::Invalid(field, text) => (StatusCode::UNPROCESSABLE_ENTITY, text, Some(field)),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, say(key::SERVER_TOO_LARGE), None),
            Self::Throttled(seconds) => (
                StatusCode::TOO_MANY_REQUESTS,
                Bilingual::message(key::SERVER_THROTTLED, &[("seconds", seconds.into())]),
                None,
            ),
            Self::TimeOut => (StatusCode::SERVICE_UNAVAILABLE, say(key::SERVER_TIME_OUT), None),
            Self::Storage(why) => {
                tracing::error!(why, "storage refused");
                (StatusCode::INSUFFICIENT_STORAGE, say(key::SERVER_STORAGE), None)
            }
            Self::Internal(why) => {
                tracing::error!(why, "request failed");
                (StatusCode::INTERNAL_SERVER_ERROR, say(key::SERVER_INTERNAL), None)
            }
        };
        Problem { status, text, field, retry }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let problem = self.problem();
        let mut response = problem.status.into_response();
        response.extensions_mut().insert(problem);
        response
    }
}

/// Full (13), read-only (8) and input/output (10) of SQLite; disk full (53100) and read-only
/// transaction (25006) of PostgreSQL.
const NO_ROOM: [&str; 5] = ["13", "8", "10", "53100", "25006"];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            // Everybody waits for the store: told to come again, not that something broke.
            sqlx::Error::PoolTimedOut => Self::TimeOut,
            sqlx::Error::Database(e) => {
                let code = e.code().unwrap_or_default();
                // SQLite's extended codes keep the cause in their lowest byte.
                let cause = code.parse::<u32>().map_or(code.to_string(), |n| {
                    if n < 50_000 && code.len() < 5 {
                        (n & 0xff).to_string()
                    } else {
                        n.to_string()
                    }
                });
                if NO_ROOM.contains(&cause.as_str()) {
                    Self::Storage(error.to_string())
                } else {
                    Self::Internal(error.to_string())
                }
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        match error.kind() {
            K::StorageFull | K::ReadOnlyFilesystem | K::QuotaExceeded => {
                Self::Storage(error.to_string())
            }
            _ => Self::Internal(error.to_string()),
        }
    }
}
