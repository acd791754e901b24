//! What of a file's YAML does not keep to the form, with its place, in words for whoever wrote it.

use super::AuthorisationError;
use hangtu_catalog::{Arg, Bilingual, key};
use serde_saphyr::{Error, Options, budget::BudgetBreach};

/// Lists, entries and values of a file: some 40,000 orders, and a few hundred megabytes while they are read.
const MAX_VALUES: usize = 1_500_000;

pub(super) fn options() -> Options {
    let mut options = serde_saphyr::options! { with_snippet: false };
    options.budget = serde_saphyr::budget! {
        max_nodes: MAX_VALUES,
        max_events: 2 * MAX_VALUES,
    };
    options
}

/// What the reader of YAML met, as people read it.
pub(super) fn wrong(file: &str, error: &Error) -> AuthorisationError {
    let mut why = what(error);
    if let Some(at) = error.location() {
        let (line, column) = (at.line().to_string(), at.column().to_string());
        let place = [("line", Arg::Text(&line)), ("column", Arg::Text(&column))];
        why = Bilingual::around(key::AUTHORISATIONS_LINE, &place, "why", &why);
    }
    AuthorisationError { file: file.into(), field: "", why }
}

fn what(error: &Error) -> Bilingual {
    let plain = |key| Bilingual::message(key, &[]);
    let about = |key, what: &str| Bilingual::message(key, &[("what", Arg::Text(what))]);
    match error.without_snippet() {
        Error::AliasError { error, .. } => what(error),
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Nodes { .. }
            | BudgetBreach::Events { .. }
            | BudgetBreach::ScalarBytes { .. } => {
                let limit = [("limit", Arg::Number(MAX_VALUES as u64))];
                Bilingual::message(key::AUTHORISATIONS_LARGE, &limit)
            }
            _ => plain(key::AUTHORISATIONS_NESTED),
        },
        Error::DuplicateMappingKey { key: name, .. } => {
            about(key::AUTHORISATIONS_KEY_TWICE, name.as_deref().unwrap_or_default())
        }
        Error::SerdeUnknownField { field, expected, .. } => {
            let known = expected.join(", ");
            let args = [("what", Arg::Text(field)), ("known", Arg::Text(&known))];
            Bilingual::message(key::AUTHORISATIONS_KEY_UNKNOWN, &args)
        }
        Error::SerdeMissingField { field, .. } => about(key::AUTHORISATIONS_KEY_MISSING, field),
        Error::Unexpected { expected, .. } if expected.contains("sequence") => {
            plain(key::AUTHORISATIONS_LIST)
        }
        Error::Unexpected { expected, .. } if expected.contains("mapping") => {
            plain(key::AUTHORISATIONS_MAP)
        }
        Error::NullIntoString { .. } => plain(key::AUTHORISATIONS_EMPTY),
        Error::Unexpected { .. }
        | Error::InvalidScalar { .. }
        | Error::InvalidBooleanStrict { .. }
        | Error::SerdeInvalidType { .. }
        | Error::SerdeInvalidValue { .. } => plain(key::AUTHORISATIONS_VALUE),
        Error::Eof { .. } => plain(key::AUTHORISATIONS_ENDS),
        Error::MultipleDocuments { .. } => plain(key::AUTHORISATIONS_DOCUMENTS),
        _ => plain(key::AUTHORISATIONS_YAML),
    }
}
