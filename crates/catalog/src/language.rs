//! Texts in both languages: Fluent files under `content/lang/`, checked at build time.

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};
use unic_langid::LanguageIdentifier;

/// The two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese, `zh-CN`.
    Chinese,
    /// English, `en`.
    English,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The BCP 47 tag.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The language of a tag or locale such as `zh_CN.UTF-8`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.to_ascii_lowercase();
        if tag.starts_with("zh") {
            Some(Self::Chinese)
        } else if tag.starts_with("en") {
            Some(Self::English)
        } else {
            None
        }
    }
}

/// A text in both languages, shared by whoever shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bilingual {
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh: Arc<str>,
    /// English.
    pub en: Arc<str>,
}

impl Bilingual {
    /// A text as it stands in each language.
    pub fn new(zh: impl Into<Arc<str>>, en: impl Into<Arc<str>>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The same text in both: names and texts that come from outside.
    pub fn same(text: &str) -> Self {
        let text: Arc<str> = text.into();
        Self { zh: Arc::clone(&text), en: text }
    }

    /// The text in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.zh,
            Language::English => &self.en,
        }
    }

    /// A message of `content/lang/` in both languages.
    pub fn message(key: key::Key, args: &[(&str, Arg<'_>)]) -> Self {
        Self::new(text(Language::Chinese, key, args), text(Language::English, key, args))
    }

    /// A message with another text as the argument `name`, in each language its own.
    pub fn around(key: key::Key, args: &[(&str, Arg<'_>)], name: &str, inner: &Self) -> Self {
        let one = |language| {
            let mut args = args.to_vec();
            args.push((name, Arg::Text(inner.get(language))));
            text(language, key, &args)
        };
        Self::new(one(Language::Chinese), one(Language::English))
    }
}

/// An argument of a message.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// Text.
    Text(&'a str),
    /// A number below 2^53, grouped in the habit of the language.
    Number(u64),
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Arg<'_> {
    fn from(n: u64) -> Self {
        Self::Number(n)
    }
}

/// Message keys: one constant for each message, made from `content/lang/` at build time, so that
/// a missing one does not compile.
pub mod key {
    /// A message key.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Key(pub(super) &'static str);

    impl Key {
        /// The key of that name, for messages picked by data (a role, a level, a reason code).
        pub fn find(name: &str) -> Option<Self> {
            ALL.binary_search_by(|k| k.0.cmp(name)).ok().map(|at| ALL[at])
        }

        /// Its name, the reverse of [`find`](Self::find).
        pub const fn name(self) -> &'static str {
            self.0
        }
    }

    include!(concat!(env!("OUT_DIR"), "/keys.rs"));
}

type Bundle = FluentBundle<FluentResource>;

fn bundle(language: Language) -> Bundle {
    let id: LanguageIdentifier = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    // A number stays one until it is written, so that messages can choose their words by it.
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(n) => Some(grouped(n.value as u64)),
        _ => None,
    }));
    let dir = format!("lang/{}/", language.tag());
    for (path, source) in super::CONTENT.iter().filter(|(p, _)| p.starts_with(&dir)) {
        let _ = path;
        // The build script has parsed every file; a resource with errors cannot be here.
        let resource = match FluentResource::try_new((*source).to_owned()) {
            Ok(resource) | Err((resource, _)) => resource,
        };
        bundle.add_resource_overriding(resource);
    }
    bundle
}

static CHINESE: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::Chinese));
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| bundle(Language::English));

/// A number with thousands separated, as both languages write it.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A message in one language.
pub fn text(language: Language, key: key::Key, args: &[(&str, Arg<'_>)]) -> String {
    let bundle = match language {
        Language::Chinese => &*CHINESE,
        Language::English => &*ENGLISH,
    };
    let mut fluent = FluentArgs::new();
    for (name, arg) in args {
        let value = match arg {
            Arg::Text(text) => FluentValue::from(*text),
            Arg::Number(n) => FluentValue::from(*n),
        };
        fluent.set(*name, value);
    }
    let Some(pattern) = bundle.get_message(key.0).and_then(|m| m.value()) else {
        return key.0.to_owned();
    };
    let mut errors = Vec::new();
    bundle.format_pattern(pattern, Some(&fluent), &mut errors).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_their_number() {
        let found = |language, n: [u64; 3]| {
            let args =
                [("findings", n[0].into()), ("assets", n[1].into()), ("inputs", n[2].into())];
            text(language, key::REPORT_VERDICT_FOUND, &args)
        };
        let english = |n| found(Language::English, n);
        assert_eq!(english([1, 1, 1]), "1 finding over 1 asset, from 1 evidence file.");
        assert_eq!(
            english([0, 24_983, 1_234_567]),
            "0 findings over 24,983 assets, from 1,234,567 evidence files."
        );
        assert!(
            found(Language::Chinese, [1, 2, 1_000])
                .starts_with("基于 1,000 份取证文件，在 2 个资产")
        );
    }
}
