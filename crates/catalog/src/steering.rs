//! What a supervisor may tell enterprises (`content/steering.yml`): warnings by colour, orders,
//! assessments, interviews, bulletins; who may, on what basis, by when it is answered.

use crate::{
    Bilingual, Confidence, ContentError, IncidentLevel, unique,
    words::{self, bilingual},
};
use serde::Deserialize;

/// Everything about steering that is data.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steering {
    /// Version of the file.
    pub version: u32,
    /// What a notice may rest on.
    pub clauses: Vec<SteeringClause>,
    /// Colours of warnings, the gravest first.
    pub colours: Vec<Colour>,
    /// Kinds of notices.
    pub kinds: Vec<NoticeKind>,
}

/// A clause that a notice may rest on.
#[derive(Clone, Debug, Deserialize)]
pub struct SteeringClause {
    /// Its word here.
    pub id: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// Instrument, place, and what it asks for.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// A colour of warnings.
#[derive(Clone, Debug, Deserialize)]
pub struct Colour {
    /// `red`, `orange`, `yellow`, `blue`.
    pub id: String,
    /// How grave the incident is that may happen.
    pub level: IncidentLevel,
    /// Kinds of organisations that may issue it.
    pub issuers: Vec<String>,
    /// Hours in which an enterprise acknowledges it, where the warning names no limit.
    pub acknowledge_hours: u16,
    /// What it means.
    #[serde(deserialize_with = "words::bilingual")]
    pub meaning: Bilingual,
    /// What it is called.
    #[serde(flatten, deserialize_with = "bilingual")]
    pub title: Bilingual,
}

/// A kind of notice.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeKind {
    /// `warning`, `order`, `assessment`, `interview`, `bulletin`.
    pub id: String,
    /// Kinds of organisations that may issue it.
    pub issuers: Vec<String>,
    /// Hours in which an enterprise acknowledges it, where the notice names no limit.
    pub acknowledge_hours: u16,
    /// Working days that an item has, where the notice names no limit.
    pub item_days: u16,
    /// The clause it rests on where no other is chosen.
    pub clause: String,
}

impl Steering {
    /// Reads the file.
    pub fn parse(name: &str, text: &str) -> Result<Self, ContentError> {
        let all: Self = crate::yaml(name, text)?;
        unique(name, all.clauses.iter().map(|c| c.id.as_str()))?;
        unique(name, all.colours.iter().map(|c| c.id.as_str()))?;
        unique(name, all.kinds.iter().map(|k| k.id.as_str()))?;
        match all.kinds.iter().find(|k| all.clause(&k.clause).is_none()) {
            Some(kind) => {
                let why = format!("{} rests on {}, which is not there", kind.id, kind.clause);
                Err(ContentError { file: name.into(), why })
            }
            None => Ok(all),
        }
    }

    /// A clause by its word.
    pub fn clause(&self, id: &str) -> Option<&SteeringClause> {
        self.clauses.iter().find(|c| c.id == id)
    }

    /// A colour by its word.
    pub fn colour(&self, id: &str) -> Option<&Colour> {
        self.colours.iter().find(|c| c.id == id)
    }

    /// A kind by its word.
    pub fn kind(&self, id: &str) -> Option<&NoticeKind> {
        self.kinds.iter().find(|k| k.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_colours_stand_for_the_four_levels_and_red_is_the_nations() {
        use IncidentLevel as L;
        let file = include_str!("../../../content/steering.yml");
        let steering = Steering::parse("steering.yml", file).unwrap();
        let colours: Vec<_> = steering.colours.iter().map(|c| (c.id.as_str(), c.level)).collect();
        let wanted = [
            ("red", L::EspeciallyMajor),
            ("orange", L::Major),
            ("yellow", L::Larger),
            ("blue", L::General),
        ];
        assert_eq!(colours, wanted);
        for colour in ["red", "orange"] {
            assert_eq!(steering.colour(colour).unwrap().issuers, ["nation"]);
        }
        let broken = file.replace("clause: meas-26}", "clause: nowhere}");
        assert!(Steering::parse("s", &broken).unwrap_err().why.contains("nowhere"));
    }
}
