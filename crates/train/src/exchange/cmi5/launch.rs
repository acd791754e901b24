//! Launching a unit: its address (section 8.1), what it finds in the state (section 10), and the
//! statements that the system itself makes.

use super::{Au, CATEGORY, CATEGORY_MOVE_ON, MoveOn, SESSION_ID, verb};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Write;
use uuid::Uuid;

const EXTENSION: &str = "https://w3id.org/xapi/cmi5/context/extensions/";
const REASON: &str = "https://w3id.org/xapi/cmi5/result/extensions/reason";

/// How a unit is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LaunchMode {
    /// Results count.
    Normal,
    /// To look around.
    Browse,
    /// To look again at what was done.
    Review,
}

impl LaunchMode {
    const fn name(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Browse => "Browse",
            Self::Review => "Review",
        }
    }
}

/// One launch of a unit by a learner.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// Our activity id of the unit, an IRI; not the publisher's.
    pub activity: String,
    /// The learner: an agent with an account.
    pub actor: Value,
    /// The learner's registration for the course.
    pub registration: Uuid,
    /// The session.
    pub session: Uuid,
    /// How.
    pub mode: LaunchMode,
    /// Base address of the store, with a slash at the end.
    pub endpoint: String,
    /// Where the unit fetches its token, once.
    pub fetch: String,
    /// Where the learner is led afterwards.
    pub return_url: Option<String>,
}

/// Why a unit cannot be launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// Its address has a parameter of the launch's name already.
    #[error("the unit's address has the parameter {0} already")]
    Collision(&'static str),
    /// The learner is no agent with an account.
    #[error("the learner is no agent with an account")]
    Actor,
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// The address that launches a unit. `url` is where the unit is served from, absolute.
pub fn launch_url(url: &str, launch: &Launch) -> Result<String, LaunchError> {
    if launch.actor.get("account").is_none_or(|a| !a.is_object()) {
        return Err(LaunchError::Actor);
    }
    let (base, fragment) = match url.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (url, None),
    };
    let query = base.split_once('?').map_or("", |(_, query)| query);
    let (actor, registration) = (launch.actor.to_string(), launch.registration.to_string());
    let parameters: [(&'static str, &str); 5] = [
        ("endpoint", &launch.endpoint),
        ("fetch", &launch.fetch),
        ("actor", &actor),
        ("registration", &registration),
        ("activityId", &launch.activity),
    ];
    let mut out = base.to_owned();
    let mut joint = match base.split_once('?') {
        None => '?',
        Some(_) => '&',
    };
    if base.ends_with(['?', '&']) {
        out.pop();
        joint = if base.matches('?').count() == 1 && base.ends_with('?') { '?' } else { '&' };
    }
    for (name, value) in parameters {
        if query.split('&').any(|pair| pair.split('=').next() == Some(name)) {
            return Err(LaunchError::Collision(name));
        }
        out.push(joint);
        out.push_str(name);
        out.push('=');
        encode(&mut out, value);
        joint = '&';
    }
    if let Some(fragment) = fragment {
        out.push('#');
        out.push_str(fragment);
    }
    Ok(out)
}

fn context_template(unit: &Au, launch: &Launch) -> Value {
    json!({
        "registration": launch.registration.to_string(),
        "contextActivities": {"grouping": [{"objectType": "Activity", "id": unit.id}]},
        "extensions": {SESSION_ID: launch.session.to_string()},
    })
}

/// The state document `LMS.LaunchData` that must stand in the store before the launch.
pub fn launch_data(unit: &Au, launch: &Launch) -> Value {
    let mut template = context_template(unit, launch);
    // The unit knows its registration from its address.
    if let Some(map) = template.as_object_mut() {
        map.remove("registration");
    }
    let mut out = json!({
        "contextTemplate": template,
        "launchMode": launch.mode.name(),
        "moveOn": unit.move_on,
    });
    if let Some(score) = unit.mastery_score {
        out["masteryScore"] = score.into();
    }
    if let Some(parameters) = &unit.launch_parameters {
        out["launchParameters"] = parameters.clone().into();
    }
    if let Some(key) = &unit.entitlement_key {
        out["entitlementKey"] = json!({"courseStructure": key});
    }
    if let Some(url) = &launch.return_url {
        out["returnURL"] = url.clone().into();
    }
    out
}

/// What the system itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OurWord<'a> {
    /// A unit is launched, from this address without the parameters of the launch.
    Launched(&'a str),
    /// The session broke off after this duration (ISO 8601).
    Abandoned(&'a str),
    /// What the unit asks for was met by other means: the reason. The session of the launch is one
    /// of its own.
    Waived(&'a str),
    /// What a block asks for is met.
    SatisfiedBlock {
        /// Our id of it, an IRI.
        ours: &'a str,
        /// The publisher's id.
        publisher: &'a str,
    },
    /// What the course asks for is met.
    SatisfiedCourse {
        /// Our id of it, an IRI.
        ours: &'a str,
        /// The publisher's id.
        publisher: &'a str,
    },
}

/// A statement that the system itself makes (section 9.3).
pub fn said_by_us(
    word: OurWord<'_>,
    unit: &Au,
    launch: &Launch,
    id: Uuid,
    now: Timestamp,
) -> Value {
    let mut context = context_template(unit, launch);
    let mut category = vec![json!({"id": CATEGORY})];
    let mut object = json!({"objectType": "Activity", "id": launch.activity});
    let mut result = None;
    let verb = match word {
        OurWord::Launched(url) => {
            let extensions = &mut context["extensions"];
            extensions[format!("{EXTENSION}launchmode")] = launch.mode.name().into();
            extensions[format!("{EXTENSION}launchurl")] = url.into();
            extensions[format!("{EXTENSION}moveon")] = json!(unit.move_on);
            if let Some(score) = unit.mastery_score {
                extensions[format!("{EXTENSION}masteryscore")] = score.into();
            }
            if let Some(parameters) = &unit.launch_parameters {
                extensions[format!("{EXTENSION}launchparameters")] = parameters.clone().into();
            }
            verb::LAUNCHED
        }
        OurWord::Abandoned(duration) => {
            result = Some(json!({"duration": duration}));
            verb::ABANDONED
        }
        OurWord::Waived(reason) => {
            category.push(json!({"id": CATEGORY_MOVE_ON}));
            result = Some(json!({"success": true, "completion": true,
                                 "extensions": {REASON: reason}}));
            verb::WAIVED
        }
        OurWord::SatisfiedBlock { ours, publisher }
        | OurWord::SatisfiedCourse { ours, publisher } => {
            let kind = match word {
                OurWord::SatisfiedBlock { .. } => "block",
                _ => "course",
            };
            object = json!({"objectType": "Activity", "id": ours, "definition": {
                "type": format!("https://w3id.org/xapi/cmi5/activitytype/{kind}")}});
            context["contextActivities"]["grouping"] = json!([{"id": publisher}]);
            verb::SATISFIED
        }
    };
    context["contextActivities"]["category"] = Value::Array(category);
    let name = verb.rsplit('/').next().unwrap_or_default();
    let mut out = json!({
        "id": id.to_string(),
        "actor": launch.actor,
        "verb": {"id": verb, "display": {"en": name}},
        "object": object,
        "context": context,
        "timestamp": now.to_string(),
    });
    if let Some(result) = result {
        out["result"] = result;
    }
    out
}

impl MoveOn {
    /// Whether it is met.
    pub const fn is_met(self, completed: bool, passed: bool) -> bool {
        match self {
            Self::NotApplicable => true,
            Self::Passed => passed,
            Self::Completed => completed,
            Self::CompletedAndPassed => completed && passed,
            Self::CompletedOrPassed => completed || passed,
        }
    }
}
