//! What is wrong with rules, in both languages.
//!
//! `hangtu-sigma` knows no texts. Every `match` here is complete, so that what it comes to complain of does
//! not compile without a message of its own in `content/lang/*/rules.ftl`.

use crate::{
    Arg, Bilingual, BlockFault, RuleProblem,
    key::{self, Key},
};
use hangtu_sigma::{
    ConditionFault, Counted, Excess, Expected, MappingError, ModifierFault, ParseError, Problem,
    ProblemKind, Unsupported, ValueFault, Vocabulary, Wrong, check::CheckError,
};

impl From<&ParseError> for Bilingual {
    fn from(error: &ParseError) -> Self {
        let place = [
            ("file", Arg::Text(&error.file)),
            ("document", Arg::Number(error.document as u64)),
            ("at", Arg::Text(&error.at)),
        ];
        let why = wrong(&error.wrong);
        match (error.document, error.at.as_str()) {
            (0, _) => around(key::RULES_IN_FILE, &place[..1], &why),
            (_, ParseError::WHOLE) => around(key::RULES_IN_DOCUMENT, &place[..2], &why),
            _ => around(key::RULES_IN_PLACE, &place, &why),
        }
    }
}

impl From<&MappingError> for Bilingual {
    fn from(error: &MappingError) -> Self {
        around(key::RULES_IN_FILE, &[("file", Arg::Text(&error.file))], &wrong(&error.why))
    }
}

impl From<&CheckError> for Bilingual {
    fn from(error: &CheckError) -> Self {
        around(key::RULES_IN_FILE, &[("file", Arg::Text(&error.at))], &wrong(&error.wrong))
    }
}

impl From<&Problem> for Bilingual {
    fn from(problem: &Problem) -> Self {
        let rule = [("title", Arg::Text(&problem.title)), ("file", Arg::Text(&problem.file))];
        around(key::RULES_OF_RULE, &rule, &kind(&problem.kind))
    }
}

impl From<&RuleProblem> for Bilingual {
    fn from(problem: &RuleProblem) -> Self {
        let why = match &problem.why {
            BlockFault::Form(why) => named(key::RULES_BLOCK_FORM, "why", why),
            BlockFault::Grades => said(key::RULES_BLOCK_GRADES),
            BlockFault::Control(id) => named(key::RULES_BLOCK_CONTROL, "id", id),
            BlockFault::Field(name) => named(key::RULES_BLOCK_FIELD, "name", name),
        };
        let rule = [("file", Arg::Text(&problem.file)), ("rule", Arg::Text(&problem.rule))];
        around(key::RULES_OF_BLOCK, &rule, &why)
    }
}

fn said(key: Key) -> Bilingual {
    Bilingual::message(key, &[])
}

fn named(key: Key, name: &str, what: &str) -> Bilingual {
    Bilingual::message(key, &[(name, Arg::Text(what))])
}

fn counted(key: Key, limit: usize) -> Bilingual {
    Bilingual::message(key, &[("limit", Arg::Number(limit as u64))])
}

/// A message that says another as its `why`.
fn around(key: Key, args: &[(&str, Arg<'_>)], why: &Bilingual) -> Bilingual {
    Bilingual::around(key, args, "why", why)
}

fn wrong(wrong: &Wrong) -> Bilingual {
    match wrong {
        Wrong::Yaml(why) => named(key::RULES_YAML, "why", why),
        Wrong::Form(why) => named(key::RULES_FORM, "why", why),
        Wrong::TooLarge { bytes, limit } => {
            let sizes =
                [("bytes", Arg::Number(*bytes as u64)), ("limit", Arg::Number(*limit as u64))];
            Bilingual::message(key::RULES_FILE_LARGE, &sizes)
        }
        Wrong::Missing(key) => named(key::RULES_MISSING, "key", key),
        Wrong::Expected(what) => around(key::RULES_EXPECTED, &[], &said(expected(*what))),
        Wrong::Unknown { what, word } => named(unknown(*what), "word", word),
        Wrong::Key { key: of, found, expected: should } => {
            let args = [("key", Arg::Text(of)), ("found", Arg::Text(found))];
            Bilingual::around(key::RULES_KEY, &args, "expected", &said(expected(*should)))
        }
        Wrong::Modifier(fault) => said(modifier(*fault)),
        Wrong::Condition(fault) => condition(fault),
        Wrong::NoSelection(name) => named(key::RULES_NO_SELECTION, "name", name),
        Wrong::TooMuch { what, limit } => counted(more(*what), *limit),
        Wrong::Unsupported(what) => said(match what {
            Unsupported::Aggregation => key::RULES_UNSUPPORTED_AGGREGATION,
            Unsupported::Words => key::RULES_UNSUPPORTED_WORDS,
            Unsupported::Repetition => key::RULES_UNSUPPORTED_REPETITION,
        }),
    }
}

const fn expected(what: Expected) -> Key {
    match what {
        Expected::Map => key::RULES_EXPECTED_MAP,
        Expected::OneBody => key::RULES_EXPECTED_ONE_BODY,
        Expected::OneDocument => key::RULES_EXPECTED_ONE_DOCUMENT,
        Expected::Related => key::RULES_EXPECTED_RELATED,
        Expected::Selections => key::RULES_EXPECTED_SELECTIONS,
        Expected::Timespan => key::RULES_EXPECTED_TIMESPAN,
        Expected::TextOrTexts => key::RULES_EXPECTED_TEXT_OR_TEXTS,
        Expected::Selection => key::RULES_EXPECTED_SELECTION,
        Expected::Values => key::RULES_EXPECTED_VALUES,
        Expected::Scalar => key::RULES_EXPECTED_SCALAR,
        Expected::Text => key::RULES_EXPECTED_TEXT,
        Expected::Texts => key::RULES_EXPECTED_TEXTS,
        Expected::Bool => key::RULES_EXPECTED_BOOL,
        Expected::Number => key::RULES_EXPECTED_NUMBER,
        Expected::Bounds => key::RULES_EXPECTED_BOUNDS,
        Expected::Aliases => key::RULES_EXPECTED_ALIASES,
        Expected::RuleBefore => key::RULES_EXPECTED_RULE_BEFORE,
        Expected::Times => key::RULES_EXPECTED_TIMES,
        Expected::Step => key::RULES_EXPECTED_STEP,
        Expected::Time => key::RULES_EXPECTED_TIME,
        Expected::Kind => key::RULES_EXPECTED_KIND,
    }
}

const fn unknown(what: Vocabulary) -> Key {
    match what {
        Vocabulary::Modifier => key::RULES_UNKNOWN_MODIFIER,
        Vocabulary::Action => key::RULES_UNKNOWN_ACTION,
        Vocabulary::Level => key::RULES_UNKNOWN_LEVEL,
        Vocabulary::Status => key::RULES_UNKNOWN_STATUS,
        Vocabulary::Correlation => key::RULES_UNKNOWN_CORRELATION,
        Vocabulary::Bound => key::RULES_UNKNOWN_BOUND,
    }
}

const fn modifier(fault: ModifierFault) -> Key {
    match fault {
        ModifierFault::Flags => key::RULES_MODIFIER_FLAGS,
        ModifierFault::Twice => key::RULES_MODIFIER_TWICE,
        ModifierFault::Comparisons => key::RULES_MODIFIER_COMPARISONS,
        ModifierFault::TimeParts => key::RULES_MODIFIER_TIME_PARTS,
        ModifierFault::Positions => key::RULES_MODIFIER_POSITIONS,
        ModifierFault::FieldRef => key::RULES_MODIFIER_FIELD_REF,
        ModifierFault::Kinds => key::RULES_MODIFIER_KINDS,
        ModifierFault::Text => key::RULES_MODIFIER_TEXT,
        ModifierFault::Windash => key::RULES_MODIFIER_WINDASH,
        ModifierFault::NoField => key::RULES_MODIFIER_NO_FIELD,
    }
}

fn condition(fault: &ConditionFault) -> Bilingual {
    match fault {
        ConditionFault::Unexpected(word) => named(key::RULES_CONDITION_UNEXPECTED, "word", word),
        ConditionFault::NotASelection(word) => {
            named(key::RULES_CONDITION_NOT_A_SELECTION, "word", word)
        }
        ConditionFault::Parenthesis => said(key::RULES_CONDITION_PARENTHESIS),
        ConditionFault::Ends => said(key::RULES_CONDITION_ENDS),
        ConditionFault::Of => said(key::RULES_CONDITION_OF),
    }
}

const fn more(what: Counted) -> Key {
    match what {
        Counted::Words => key::RULES_MORE_WORDS,
        Counted::ConditionLevels => key::RULES_MORE_CONDITION_LEVELS,
        Counted::Conditions => key::RULES_MORE_CONDITIONS,
        Counted::SelectionLevels => key::RULES_MORE_SELECTION_LEVELS,
        Counted::Values => key::RULES_MORE_VALUES,
        Counted::Rules => key::RULES_MORE_RULES,
        Counted::Copied => key::RULES_MORE_COPIED,
        Counted::Records => key::RULES_MORE_RECORDS,
    }
}

fn kind(kind: &ProblemKind) -> Bilingual {
    match kind {
        ProblemKind::NoInput(source) => named(key::RULES_NO_INPUT, "source", source),
        ProblemKind::Unsupported(text) => named(key::RULES_AGGREGATION, "text", text),
        ProblemKind::Regex { field, why } => {
            let args = [("field", Arg::Text(field)), ("why", Arg::Text(why))];
            Bilingual::message(key::RULES_REGEX, &args)
        }
        ProblemKind::Placeholder(name) => named(key::RULES_PLACEHOLDER, "name", name),
        ProblemKind::Value { field, why } => {
            around(key::RULES_VALUE, &[("field", Arg::Text(field))], &value(*why))
        }
        ProblemKind::TooLarge(of) => around(key::RULES_EXCESS, &[], &said(excess(*of))),
        ProblemKind::NoRule(rule) => named(key::RULES_NO_RULE, "rule", rule),
        ProblemKind::Deaf(rule) => named(key::RULES_DEAF, "rule", rule),
        ProblemKind::FilterSource(rule) => named(key::RULES_FILTER_SOURCE, "rule", rule),
        ProblemKind::FilterTarget(rule) => named(key::RULES_FILTER_TARGET, "rule", rule),
        ProblemKind::Cycle => said(key::RULES_CYCLE),
        ProblemKind::Duplicate(rule) => named(key::RULES_DUPLICATE, "rule", rule),
        ProblemKind::Taken(name) => named(key::RULES_TAKEN, "name", name),
        ProblemKind::Field(name) => named(key::RULES_FIELD, "name", name),
        ProblemKind::Beyond(limit) => counted(key::RULES_BEYOND, *limit),
    }
}

fn value(fault: ValueFault) -> Bilingual {
    match fault {
        ValueFault::Exists => said(key::RULES_VALUE_EXISTS),
        ValueFault::Number => said(key::RULES_VALUE_NUMBER),
        ValueFault::FieldRef => said(key::RULES_VALUE_FIELD_REF),
        ValueFault::Null => said(key::RULES_VALUE_NULL),
        ValueFault::NotFinite => said(key::RULES_VALUE_NOT_FINITE),
        ValueFault::Network => said(key::RULES_VALUE_NETWORK),
        ValueFault::Wildcards => said(key::RULES_VALUE_WILDCARDS),
        ValueFault::NoText => said(key::RULES_VALUE_NO_TEXT),
        ValueFault::Expanded(limit) => counted(key::RULES_VALUE_EXPANDED, limit),
        ValueFault::NoName => said(key::RULES_VALUE_NO_NAME),
    }
}

const fn excess(of: Excess) -> Key {
    match of {
        Excess::Fields => key::RULES_EXCESS_FIELDS,
        Excess::Tests => key::RULES_EXCESS_TESTS,
        Excess::Values => key::RULES_EXCESS_VALUES,
        Excess::Condition => key::RULES_EXCESS_CONDITION,
        Excess::Regexes => key::RULES_EXCESS_REGEXES,
        Excess::Regex => key::RULES_EXCESS_REGEX,
        Excess::AllRegexes => key::RULES_EXCESS_ALL_REGEXES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrongs() -> Vec<Wrong> {
        let word = || "near".to_owned();
        let mut out = vec![
            Wrong::Yaml(word()),
            Wrong::Form(word()),
            Wrong::TooLarge { bytes: 7, limit: 6 },
            Wrong::Missing("title"),
            Wrong::Key { key: word(), found: word(), expected: Expected::Times },
            Wrong::NoSelection(word()),
            Wrong::Unsupported(Unsupported::Aggregation),
            Wrong::Unsupported(Unsupported::Words),
            Wrong::Unsupported(Unsupported::Repetition),
        ];
        out.extend(
            [
                Expected::Map,
                Expected::OneBody,
                Expected::OneDocument,
                Expected::Related,
                Expected::Selections,
                Expected::Timespan,
                Expected::TextOrTexts,
                Expected::Selection,
                Expected::Values,
                Expected::Scalar,
                Expected::Text,
                Expected::Texts,
                Expected::Bool,
                Expected::Number,
                Expected::Bounds,
                Expected::Aliases,
                Expected::RuleBefore,
                Expected::Times,
                Expected::Step,
                Expected::Time,
                Expected::Kind,
            ]
            .map(Wrong::Expected),
        );
        out.extend(
            [
                Vocabulary::Modifier,
                Vocabulary::Action,
                Vocabulary::Level,
                Vocabulary::Status,
                Vocabulary::Correlation,
                Vocabulary::Bound,
            ]
            .map(|what| Wrong::Unknown { what, word: word() }),
        );
        out.extend(
            [
                ModifierFault::Flags,
                ModifierFault::Twice,
                ModifierFault::Comparisons,
                ModifierFault::TimeParts,
                ModifierFault::Positions,
                ModifierFault::FieldRef,
                ModifierFault::Kinds,
                ModifierFault::Text,
                ModifierFault::Windash,
                ModifierFault::NoField,
            ]
            .map(Wrong::Modifier),
        );
        out.extend(
            [
                ConditionFault::Unexpected(word()),
                ConditionFault::NotASelection(word()),
                ConditionFault::Parenthesis,
                ConditionFault::Ends,
                ConditionFault::Of,
            ]
            .map(Wrong::Condition),
        );
        out.extend(
            [
                Counted::Words,
                Counted::ConditionLevels,
                Counted::Conditions,
                Counted::SelectionLevels,
                Counted::Values,
                Counted::Rules,
                Counted::Copied,
                Counted::Records,
            ]
            .map(|what| Wrong::TooMuch { what, limit: 64 }),
        );
        out
    }

    fn kinds() -> Vec<ProblemKind> {
        let word = || "near".to_owned();
        let mut out = vec![
            ProblemKind::NoInput(word()),
            ProblemKind::Unsupported(word()),
            ProblemKind::Regex { field: word(), why: word() },
            ProblemKind::Placeholder(word()),
            ProblemKind::NoRule(word()),
            ProblemKind::Deaf(word()),
            ProblemKind::FilterSource(word()),
            ProblemKind::FilterTarget(word()),
            ProblemKind::Cycle,
            ProblemKind::Duplicate(word()),
            ProblemKind::Taken(word()),
            ProblemKind::Field(word()),
            ProblemKind::Beyond(7),
        ];
        out.extend(
            [
                ValueFault::Exists,
                ValueFault::Number,
                ValueFault::FieldRef,
                ValueFault::Null,
                ValueFault::NotFinite,
                ValueFault::Network,
                ValueFault::Wildcards,
                ValueFault::NoText,
                ValueFault::Expanded(64),
                ValueFault::NoName,
            ]
            .map(|why| ProblemKind::Value { field: word(), why }),
        );
        out.extend(
            [
                Excess::Fields,
                Excess::Tests,
                Excess::Values,
                Excess::Condition,
                Excess::Regexes,
                Excess::Regex,
                Excess::AllRegexes,
            ]
            .map(ProblemKind::TooLarge),
        );
        out
    }

    /// English says what the library says, Chinese says it in Chinese.
    fn holds(said: &Bilingual, library: &str) {
        assert_eq!(&*said.en, library);
        let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        assert!(said.zh.chars().any(chinese) && !said.zh.contains(['{', '}']), "{}", said.zh);
    }

    #[test]
    fn everything_is_said_in_both_languages() {
        for wrong in wrongs() {
            let at = "detection.s".to_owned();
            let error = ParseError { file: "f.yml".into(), document: 2, at, wrong };
            holds(&Bilingual::from(&error), &error.to_string());
            let error = MappingError { file: "f.yml".into(), why: error.wrong };
            holds(&Bilingual::from(&error), &error.to_string());
            let error = CheckError { at: "f.test.yml: a case".into(), wrong: error.why };
            holds(&Bilingual::from(&error), &error.to_string());
        }
        for kind in kinds() {
            let (title, file) = ("t".to_owned(), "f.yml".to_owned());
            let problem = Problem { rule: None, title, file, kind };
            holds(&Bilingual::from(&problem), &problem.to_string());
        }
        for why in [
            BlockFault::Form("x".into()),
            BlockFault::Grades,
            BlockFault::Control("X-1".into()),
            BlockFault::Field("x".into()),
        ] {
            let problem = RuleProblem { file: "f.yml".into(), rule: "r".into(), why };
            holds(&Bilingual::from(&problem), &problem.to_string());
        }
    }

    #[test]
    fn a_place_is_as_exact_as_it_is_known() {
        let said = |text: &str| {
            let (_, errors) = hangtu_sigma::parse("f.yml", text.as_bytes());
            errors.iter().map(|e| Bilingual::from(e).zh.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(said("a: 1\n---\nb: 2")[1], "f.yml：第 2 个文档：缺少 `detection`");
        let rule = "title: t\nlogsource: {}\ndetection: {s: {'a|nope': 1}, condition: s}";
        assert_eq!(said(rule), ["f.yml：第 1 个文档：detection.s.a|nope：不认识的修饰符 `nope`"]);
        assert!(said("[")[0].starts_with("f.yml：不是可读取的 YAML："));
    }
}
