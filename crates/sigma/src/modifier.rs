//! Value modifiers (*modifiers*), read from `field|modifier|…`.

use crate::error::{ModifierFault as Fault, Vocabulary, Wrong};

macro_rules! modifiers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A value modifier.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Modifier { $($(#[$doc])* $variant,)* }

        impl Modifier {
            /// The modifier of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The name in rules.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

modifiers! {
    /// The value stands anywhere in the field.
    Contains = "contains",
    /// The field begins with the value.
    StartsWith = "startswith",
    /// The field ends with the value.
    EndsWith = "endswith",
    /// Every value of the list must match, not one.
    All = "all",
    /// The value is a regular expression.
    Re = "re",
    /// After `re`: upper and lower case are the same.
    I = "i",
    /// After `re`: `^` and `$` match at lines.
    M = "m",
    /// After `re`: `.` matches the line end too.
    S = "s",
    /// The value is a network in CIDR notation.
    Cidr = "cidr",
    /// The value's Base64.
    Base64 = "base64",
    /// The value's Base64 at each of three offsets in a longer text.
    Base64Offset = "base64offset",
    /// Dashes of command-line flags are interchangeable.
    Windash = "windash",
    /// The value's UTF-16, little end first.
    Utf16Le = "utf16le",
    /// The value's UTF-16, big end first.
    Utf16Be = "utf16be",
    /// The value's UTF-16 with a byte-order mark.
    Utf16 = "utf16",
    /// The same as `utf16le`.
    Wide = "wide",
    /// `%name%` stands for values given when compiling.
    Expand = "expand",
    /// The field is there, whatever its value, or is not.
    Exists = "exists",
    /// Less than.
    Lt = "lt",
    /// Less than or equal.
    Lte = "lte",
    /// Greater than.
    Gt = "gt",
    /// Greater than or equal.
    Gte = "gte",
    /// The field is there and none of its values is the given.
    Neq = "neq",
    /// The value names another field to compare with.
    FieldRef = "fieldref",
    /// Upper and lower case differ.
    Cased = "cased",
    /// Minute of the time, 0 to 59.
    Minute = "minute",
    /// Hour of the time, 0 to 23.
    Hour = "hour",
    /// Day of the month, 1 to 31.
    Day = "day",
    /// ISO 8601 week, 1 to 53.
    Week = "week",
    /// Month, 1 to 12.
    Month = "month",
    /// Year.
    Year = "year",
}

impl Modifier {
    /// Reads the modifiers after a field's name, and refuses chains without a meaning.
    pub(crate) fn chain(words: &str) -> Result<Vec<Self>, Wrong> {
        use Modifier as M;
        let mut out = Vec::new();
        for word in words.split('|') {
            let modifier = Self::from_name(word).ok_or_else(|| Wrong::Unknown {
                what: Vocabulary::Modifier,
                word: word.to_owned(),
            })?;
            let sub = matches!(modifier, M::I | M::M | M::S);
            if sub && !matches!(out.last(), Some(M::Re | M::I | M::M | M::S)) {
                return Err(Wrong::Modifier(Fault::Flags));
            }
            if out.contains(&modifier) {
                return Err(Wrong::Modifier(Fault::Twice));
            }
            out.push(modifier);
        }
        let has = |m: M| out.contains(&m);
        let order = [M::Lt, M::Lte, M::Gt, M::Gte];
        let parts = [M::Minute, M::Hour, M::Day, M::Week, M::Month, M::Year];
        let count = |of: &[M]| of.iter().filter(|m| has(**m)).count();
        let texts = [
            M::Contains,
            M::StartsWith,
            M::EndsWith,
            M::Base64,
            M::Base64Offset,
            M::Windash,
            M::Utf16,
            M::Utf16Le,
            M::Utf16Be,
            M::Wide,
        ];
        let kinds =
            [count(&order) > 0 || count(&parts) > 0, has(M::Re), has(M::Cidr), has(M::Exists)];
        if count(&order) > 1 {
            return Err(Wrong::Modifier(Fault::Comparisons));
        }
        if count(&parts) > 1 {
            return Err(Wrong::Modifier(Fault::TimeParts));
        }
        if count(&texts[..3]) > 1 {
            return Err(Wrong::Modifier(Fault::Positions));
        }
        if has(M::FieldRef) && (kinds.contains(&true) || count(&texts[3..]) > 0 || has(M::Expand)) {
            return Err(Wrong::Modifier(Fault::FieldRef));
        }
        if kinds.iter().filter(|k| **k).count() > 1 {
            return Err(Wrong::Modifier(Fault::Kinds));
        }
        // `re|contains` says nothing new but is written; the rest of the pairs cannot mean
        // anything.
        if kinds.contains(&true) && count(&texts[3..]) > 0
            || (kinds[0] || kinds[2] || kinds[3]) && count(&texts[..3]) > 0
        {
            return Err(Wrong::Modifier(Fault::Text));
        }
        if has(M::Windash) && count(&texts[3..]) > 1 {
            return Err(Wrong::Modifier(Fault::Windash));
        }
        Ok(out)
    }
}
