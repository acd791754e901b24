//! One `field\|modifiers: values` becomes tests.

use crate::{
    build::Builder,
    clock::TimePart,
    detection::{Item, Literal},
    encode::encode,
    error::{ProblemKind, ValueFault},
    expr::Expr,
    modifier::Modifier as M,
    pattern::Pattern,
    scratch::Number,
    test::{Compare, Network, Position, Shape, Test},
};
use hangtu_record::Mac;
use std::{borrow::Cow, net::IpAddr};

/// Values one written value may expand to by placeholders.
const MAX_EXPANDED: usize = 10_000;

/// What the modifiers of an item add up to.
struct Plan<'a> {
    item: &'a Item,
    shown: &'a str,
    slot: u32,
    position: Position,
    compare: Option<Compare>,
    part: Option<TimePart>,
    encoded: bool,
}

impl Builder<'_> {
    /// The expression of an item; `slot` is its field.
    pub(crate) fn item(&mut self, item: &Item, slot: u32) -> Result<Expr, ProblemKind> {
        let plan = Plan::new(item, slot);
        let mut list = Vec::with_capacity(item.values.len());
        for value in &item.values {
            list.push(self.value(&plan, &self.spelt(&plan, value))?);
        }
        let all = if item.has(M::All) { Expr::and(list) } else { Expr::or(list) };
        if item.has(M::Neq) {
            // *modifiers*: "the field is different from the specified values", so it is there.
            let there = self.test(slot, Test::Exists)?;
            return Ok(Expr::and(vec![there, Expr::Not(Box::new(all))]));
        }
        Ok(all)
    }

    /// A value as the records at hand write it: whole values, and beginnings of them.
    fn spelt<'v>(&self, plan: &Plan<'_>, value: &'v Literal) -> Cow<'v, Literal> {
        let written = || {
            let from_start = matches!(plan.position, Position::Whole | Position::Start);
            let entry = self.entry.filter(|_| from_start && !plan.item.has(M::Re))?;
            let values = entry.values.get(plan.item.field.as_deref()?)?;
            let text = match value {
                Literal::Text(text) => text.to_ascii_lowercase(),
                Literal::Bool(b) => b.to_string(),
                Literal::Int(n) => n.to_string(),
                Literal::Float(_) | Literal::Null => return None,
            };
            if plan.position == Position::Whole
                && let Some(whole) = values.get(&text)
            {
                return Some(whole.clone());
            }
            values.iter().find_map(|(name, written)| {
                let rest = text.strip_prefix(name.strip_suffix('*')?)?;
                Some(format!("{written}{rest}"))
            })
        };
        written().map_or(Cow::Borrowed(value), |text| Cow::Owned(Literal::Text(text)))
    }

    fn value(&mut self, plan: &Plan<'_>, value: &Literal) -> Result<Expr, ProblemKind> {
        let Plan { item, slot, .. } = *plan;
        if item.has(M::Exists) {
            let wanted = match value {
                Literal::Bool(b) => Some(*b),
                Literal::Text(t) if t.eq_ignore_ascii_case("yes") => Some(true),
                Literal::Text(t) if t.eq_ignore_ascii_case("no") => Some(false),
                Literal::Text(t) => t.to_ascii_lowercase().parse().ok(),
                _ => None,
            };
            let there = self.test(slot, Test::Exists)?;
            return match wanted {
                Some(true) => Ok(there),
                Some(false) => Ok(Expr::Not(Box::new(there))),
                None => Err(plan.wrong(ValueFault::Exists)),
            };
        }
        if plan.compare.is_some() || plan.part.is_some() {
            let number = match value {
                Literal::Int(n) => Some(Number::Int(*n)),
                Literal::Float(n) => Number::float(*n),
                Literal::Text(t) => Number::parse(t),
                _ => None,
            };
            let number = number.ok_or_else(|| plan.wrong(ValueFault::Number))?;
            let compare = plan.compare.unwrap_or(Compare::Equal);
            let test = match plan.part {
                Some(part) => {
                    Test::Part { part, offset: self.options.clock_offset, compare, number }
                }
                None => Test::Number(compare, number),
            };
            return self.test(slot, test);
        }
        if item.has(M::FieldRef) {
            let Literal::Text(other) = value else {
                return Err(plan.wrong(ValueFault::FieldRef));
            };
            let other = self.field(other)?;
            let (position, cased) = (plan.position, item.has(M::Cased));
            return self.test(slot, Test::Refer { slot: other, position, cased });
        }
        let keyword = item.field.is_none();
        let as_text = keyword
            || plan.encoded
            || plan.position != Position::Whole
            || item.has(M::Re)
            || item.has(M::Cidr)
            || item.has(M::Windash);
        let text = match value {
            Literal::Null if !as_text => return self.test(slot, Test::Null),
            Literal::Null => return Err(plan.wrong(ValueFault::Null)),
            Literal::Bool(b) if !as_text => return self.test(slot, Test::Bool(*b)),
            Literal::Int(n) if !as_text => {
                return self.test(slot, Test::Number(Compare::Equal, Number::Int(*n)));
            }
            Literal::Float(n) if !as_text => {
                let number = Number::float(*n).ok_or_else(|| plan.wrong(ValueFault::NotFinite))?;
                return self.test(slot, Test::Number(Compare::Equal, number));
            }
            Literal::Text(text) => text.clone(),
            Literal::Bool(b) => b.to_string(),
            Literal::Int(n) => n.to_string(),
            Literal::Float(n) => n.to_string(),
        };
        let texts = if item.has(M::Expand) { self.expand(plan, &text)? } else { vec![text] };
        let mut list = Vec::with_capacity(texts.len());
        for text in &texts {
            list.push(self.text(plan, text)?);
        }
        Ok(Expr::or(list))
    }

    fn text(&mut self, plan: &Plan<'_>, text: &str) -> Result<Expr, ProblemKind> {
        let Plan { item, slot, .. } = *plan;
        if item.has(M::Re) {
            let flags = [item.has(M::I), item.has(M::M), item.has(M::S)];
            return self.regex(slot, plan.shown, text, flags);
        }
        if item.has(M::Cidr) {
            let network = Network::parse(text).ok_or_else(|| plan.wrong(ValueFault::Network))?;
            return self.test(slot, Test::Cidr(network));
        }
        let pattern = Pattern::parse(text);
        if plan.encoded {
            let text = pattern.as_text().ok_or_else(|| plan.wrong(ValueFault::Wildcards))?;
            let texts =
                encode(text, &item.modifiers).ok_or_else(|| plan.wrong(ValueFault::NoText))?;
            let mut list = Vec::with_capacity(texts.len());
            for text in texts {
                list.push(self.pattern(plan, Pattern::literal(&text))?);
            }
            return Ok(Expr::or(list));
        }
        let pattern = if item.has(M::Windash) { pattern.windash() } else { pattern };
        // Addresses are shown in one form; a rule may write them in another.
        let shown =
            pattern.as_text().filter(|_| plan.position == Position::Whole).and_then(|text| {
                let ip = text.parse::<IpAddr>().map(|ip| ip.to_string()).ok();
                ip.or_else(|| Mac::parse(text).map(|mac| mac.to_string())).filter(|s| s != text)
            });
        let written = self.pattern(plan, pattern)?;
        Ok(match shown {
            None => written,
            Some(shown) => Expr::or(vec![written, self.pattern(plan, Pattern::literal(&shown))?]),
        })
    }

    fn pattern(&mut self, plan: &Plan<'_>, mut pattern: Pattern) -> Result<Expr, ProblemKind> {
        if matches!(plan.position, Position::Inside | Position::End) {
            pattern.open_start();
        }
        if matches!(plan.position, Position::Inside | Position::Start) {
            pattern.open_end();
        }
        let cased = plan.item.has(M::Cased);
        self.test(plan.slot, Test::Text { shape: Shape::new(&pattern, cased), cased })
    }

    /// Replaces `%name%` (*rules*, "Placeholders"). A name without values leaves nothing.
    fn expand(&mut self, plan: &Plan<'_>, text: &str) -> Result<Vec<String>, ProblemKind> {
        let mut out = vec![String::new()];
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            if let Some(plain) = before.strip_suffix('\\') {
                for o in &mut out {
                    o.extend([plain, "%"]);
                }
                rest = after;
                continue;
            }
            for o in &mut out {
                o.push_str(before);
            }
            let Some((name, tail)) = after.split_once('%') else {
                for o in &mut out {
                    o.push('%');
                }
                rest = after;
                continue;
            };
            rest = tail;
            let values = self.options.placeholders.get(name).map_or_else(
                || {
                    self.problems.push(ProblemKind::Placeholder(name.to_owned()));
                    &[][..]
                },
                Vec::as_slice,
            );
            if out.len().saturating_mul(values.len()) > MAX_EXPANDED {
                return Err(plan.wrong(ValueFault::Expanded(MAX_EXPANDED)));
            }
            out = out
                .iter()
                .flat_map(|o| values.iter().map(move |value| format!("{o}{value}")))
                .collect();
        }
        for o in &mut out {
            o.push_str(rest);
        }
        Ok(out)
    }
}

impl<'a> Plan<'a> {
    fn new(item: &'a Item, slot: u32) -> Self {
        let mut out = Self {
            item,
            shown: item.field.as_deref().unwrap_or("keywords"),
            slot,
            // Keywords are searched anywhere in the record (*rules*, "Keywords search").
            position: if item.field.is_none() { Position::Inside } else { Position::Whole },
            compare: None,
            part: None,
            encoded: false,
        };
        for modifier in &item.modifiers {
            match modifier {
                M::Contains => out.position = Position::Inside,
                M::StartsWith => out.position = Position::Start,
                M::EndsWith => out.position = Position::End,
                M::Lt => out.compare = Some(Compare::Less),
                M::Lte => out.compare = Some(Compare::LessEqual),
                M::Gt => out.compare = Some(Compare::Greater),
                M::Gte => out.compare = Some(Compare::GreaterEqual),
                M::Minute => out.part = Some(TimePart::Minute),
                M::Hour => out.part = Some(TimePart::Hour),
                M::Day => out.part = Some(TimePart::Day),
                M::Week => out.part = Some(TimePart::Week),
                M::Month => out.part = Some(TimePart::Month),
                M::Year => out.part = Some(TimePart::Year),
                M::Base64 | M::Base64Offset | M::Utf16 | M::Utf16Le | M::Utf16Be | M::Wide => {
                    out.encoded = true;
                }
                _ => {}
            }
        }
        out
    }

    fn wrong(&self, why: ValueFault) -> ProblemKind {
        ProblemKind::Value { field: self.shown.to_owned(), why }
    }
}
