//! The file as it is written, before its names are resolved.

use super::{AuthorisationError, form};
use hangtu_catalog::{Arg, key};
use serde::{Deserialize, Deserializer, Serialize};

/// A list; nothing behind its key is an empty one.
fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

/// The file as it is written.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Version of the form: 1.
    pub version: u32,
    /// Local time against UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utc_offset: Option<String>,
    /// Parts of the network.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<ZoneEntry>,
    /// Devices and hosts.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<AssetEntry>,
    /// Who may be named.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonEntry>,
    /// Standing permissions.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub stations: Vec<StationEntry>,
    /// Work orders.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub work_orders: Vec<OrderEntry>,
    /// Remote-maintenance tickets.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub remote_tickets: Vec<OrderEntry>,
    /// Declared flows.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub flows: Vec<FlowEntry>,
    /// Approved tools.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<FlowEntry>,
}

/// A part of the network.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneEntry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Its networks.
    #[serde(deserialize_with = "list")]
    pub networks: Vec<String>,
}

/// A device or host.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AssetEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where it is.
    #[serde(deserialize_with = "list")]
    pub addresses: Vec<String>,
}

/// Somebody who may be named.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersonEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Under which names they log on.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
}

/// A station's standing permission.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StationEntry {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where it is.
    #[serde(deserialize_with = "list")]
    pub addresses: Vec<String>,
    /// Who may be named.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// To where.
    #[serde(deserialize_with = "list")]
    pub targets: Vec<String>,
    /// Which operations.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
    /// Over which protocols.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<String>,
    /// Hours of the local day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// Not after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// A work order or a remote-maintenance ticket.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OrderEntry {
    /// Its id.
    pub id: String,
    /// What for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Not before.
    pub from: String,
    /// Not after.
    pub to: String,
    /// Standing permissions.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub stations: Vec<String>,
    /// From where.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// To where.
    #[serde(deserialize_with = "list")]
    pub targets: Vec<String>,
    /// Which operations.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub verbs: Vec<String>,
    /// Over which protocols.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<String>,
    /// Who does the work.
    pub person: String,
    /// Who approved it.
    pub approved_by: String,
    /// Withdrawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

/// A declared flow or an approved tool.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FlowEntry {
    /// Its id.
    pub id: String,
    /// What for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// From where.
    #[serde(deserialize_with = "list")]
    pub sources: Vec<String>,
    /// To where.
    #[serde(deserialize_with = "list")]
    pub destinations: Vec<String>,
    /// Over which protocols.
    #[serde(default, deserialize_with = "list", skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<String>,
    /// Who approved it.
    pub approved_by: String,
    /// Not after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

impl File {
    /// Reads a file's text; names are resolved by [`Authorisations::of`](super::Authorisations::of).
    pub fn read(name: &str, text: &str) -> Result<Self, AuthorisationError> {
        let file: Self = serde_saphyr::from_str_with_options(text, form::options())
            .map_err(|e| form::wrong(name, &e))?;
        if file.version != 1 {
            let what = file.version.to_string();
            let args = [("what", Arg::Text(&what))];
            let key = key::AUTHORISATIONS_VERSION;
            return Err(AuthorisationError::new(name, "version", key, &args));
        }
        Ok(file)
    }

    /// The file's text.
    pub fn write(&self) -> Result<String, AuthorisationError> {
        serde_saphyr::to_string(self).map_err(|e| AuthorisationError::form("", &e.to_string()))
    }
}
