//! One question to one field: the unit that rules share and the memo remembers.

use crate::{
    clock::{TimePart, part_of, part_of_text},
    fold::folded,
    glob::Glob,
    pattern::{Part, Pattern},
    scratch::{Cell, Number, Scalar, Slot},
};
use regex::Regex;
use std::{cmp::Ordering, net::IpAddr, sync::Arc};

/// Where in a field's text another text must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    Whole,
    Start,
    End,
    Inside,
}

impl Position {
    fn holds(self, text: &str, part: &str) -> bool {
        match self {
            Self::Whole => text == part,
            Self::Start => text.starts_with(part),
            Self::End => text.ends_with(part),
            Self::Inside => text.contains(part),
        }
    }
}

/// A pattern over text in its cheapest form.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A text at a place.
    Literal(Position, String),
    /// Anything that is not null.
    Any,
    /// Wildcards elsewhere.
    Glob(Glob),
}

impl Shape {
    /// The pattern in its cheapest form, folded unless case matters.
    pub(crate) fn new(pattern: &Pattern, cased: bool) -> Self {
        let mut pattern = pattern.clone();
        if !cased {
            for part in &mut pattern.parts {
                if let Part::Text(text) = part {
                    *text = folded(text);
                }
            }
        }
        let literal = |position, text: &String| Self::Literal(position, text.clone());
        match &*pattern.parts {
            [] => Self::Literal(Position::Whole, String::new()),
            [Part::Any] => Self::Any,
            [Part::Text(text)] => literal(Position::Whole, text),
            [Part::Text(text), Part::Any] => literal(Position::Start, text),
            [Part::Any, Part::Text(text)] => literal(Position::End, text),
            [Part::Any, Part::Text(text), Part::Any] => literal(Position::Inside, text),
            _ => Self::Glob(Glob::new(&pattern)),
        }
    }

    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Literal(position, part) => position.holds(text, part),
            Self::Any => true,
            Self::Glob(glob) => glob.matches(text),
        }
    }
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Compare {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    fn holds(self, order: Option<Ordering>) -> bool {
        let Some(order) = order else { return false };
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
        }
    }
}

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    base: IpAddr,
    length: u32,
}

impl Network {
    /// Reads `10.0.0.0/8` or `fe80::/10`; an address alone is a network of one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (base, length) = match text.split_once('/') {
            Some((base, length)) => (base, Some(length.parse().ok()?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(most);
        (length <= most).then_some(Self { base, length })
    }

    pub(crate) fn contains(self, ip: IpAddr) -> bool {
        // A record may hold an IPv4 address as `::ffff:10.0.0.1`.
        let ip = if self.base.is_ipv4() { ip.to_canonical() } else { ip };
        let (a, b, bits) = match (self.base, ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (u128::from(a.to_bits()), u128::from(b.to_bits()), 32)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
            _ => return false,
        };
        let rest: u32 = bits - self.length;
        rest >= 128 || (a >> rest) == (b >> rest)
    }
}

/// A question to one field.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Text {
        shape: Shape,
        cased: bool,
    },
    Number(Compare, Number),
    Bool(bool),
    /// Absent or null.
    Null,
    /// There, whatever the value.
    Exists,
    /// With the flags it was built with; its caches are shared with the same test of other fields.
    Regex(Arc<Regex>, [bool; 3]),
    Cidr(Network),
    /// A value of another field, at that place.
    Refer {
        slot: u32,
        position: Position,
        cased: bool,
    },
    Part {
        part: TimePart,
        offset: i32,
        compare: Compare,
        number: Number,
    },
}

impl Test {
    /// The answer for the values of field `slot`, computed afresh.
    pub(crate) fn holds(&self, slots: &[Slot], slot: usize) -> bool {
        let field = &slots[slot];
        let any = |f: &dyn Fn(&Cell) -> bool| field.cells.iter().any(f);
        match self {
            Self::Exists => !field.cells.is_empty(),
            // *rules*, "Special Field Values": `null` is no value, `''` an empty one.
            Self::Null => field.cells.is_empty() || any(&|c| c.scalar == Scalar::Null),
            Self::Text { shape, cased } => any(&|c| {
                let text = if *cased { field.raw(c) } else { field.folded(c) };
                c.scalar != Scalar::Null && shape.holds(text)
            }),
            Self::Number(compare, number) => {
                any(&|c| field.number(c).is_some_and(|n| compare.holds(n.order(*number))))
            }
            Self::Bool(wanted) => any(&|c| match c.scalar {
                Scalar::Bool(b) => b == *wanted,
                Scalar::Text => field.folded(c) == if *wanted { "true" } else { "false" },
                _ => false,
            }),
            Self::Regex(regex, _) => {
                any(&|c| c.scalar != Scalar::Null && regex.is_match(field.raw(c)))
            }
            Self::Cidr(network) => any(&|c| match c.scalar {
                Scalar::Ip(ip) => network.contains(ip),
                Scalar::Text => address(field.raw(c)).is_some_and(|ip| network.contains(ip)),
                _ => false,
            }),
            Self::Refer { slot: other, position, cased } => {
                let other = &slots[*other as usize];
                any(&|a| {
                    other.cells.iter().any(|b| {
                        if a.scalar == Scalar::Null || b.scalar == Scalar::Null {
                            return false;
                        }
                        if *cased {
                            position.holds(field.raw(a), other.raw(b))
                        } else {
                            position.holds(field.folded(a), other.folded(b))
                        }
                    })
                })
            }
            Self::Part { part, offset, compare, number } => any(&|c| {
                let value = match c.scalar {
                    Scalar::Time(time) => Some(part_of(time, *offset, *part)),
                    Scalar::Text => part_of_text(field.raw(c), *part),
                    _ => None,
                };
                value.is_some_and(|n| compare.holds(Number::Int(n).order(*number)))
            }),
        }
    }

    /// Equal for equal tests, and only for them.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Regex(regex, flags) => format!("Regex {flags:?} {regex}"),
            _ => format!("{self:?}"),
        }
    }

    /// What asking costs, roughly; cheap questions are asked first.
    pub(crate) fn cost(&self) -> u32 {
        match self {
            Self::Exists | Self::Null | Self::Bool(_) => 1,
            Self::Number(..) | Self::Part { .. } => 2,
            Self::Text { shape: Shape::Literal(..) | Shape::Any, .. } => 3,
            Self::Cidr(_) => 4,
            Self::Text { .. } | Self::Refer { .. } => 8,
            Self::Regex(..) => 40,
        }
    }
}

/// Reads an address, refusing quickly what is none.
fn address(text: &str) -> Option<IpAddr> {
    let first = *text.as_bytes().first()?;
    if text.len() > 45 || !(first.is_ascii_hexdigit() || first == b':') {
        return None;
    }
    text.parse().ok()
}
