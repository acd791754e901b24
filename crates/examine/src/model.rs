//! What an examination says: the run, its coverage, the findings and the assets.
//!
//! This is `findings.json` (schema `hangtu.findings/1`, `docs/schema/findings-1.schema.json`).
//! Times are RFC 3339 in UTC. Texts for people stand in both languages.

use hangtu_catalog::{Bilingual, Level, Scenario};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use std::{collections::BTreeMap, sync::Arc};

/// The `schema` value of this version.
pub const SCHEMA: &str = "hangtu.findings/1";

/// A whole examination.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Examination {
    /// [`SCHEMA`].
    pub schema: String,
    /// What was examined, with what.
    pub run: Run,
    /// What could have been seen.
    pub coverage: Coverage,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// Devices and hosts the evidence shows.
    pub assets: Vec<Asset>,
    /// Who talks to whom how.
    pub conversations: Vec<Conversation>,
    /// Comparison with an earlier examination, when one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// What was examined, with what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    /// Version of Hangtu.
    pub version: String,
    /// When the examination was done; the only thing in the file that differs between two runs
    /// over the same evidence with the same rules.
    pub examined_at: String,
    /// The evidence.
    pub inputs: Vec<Input>,
    /// Number of rules that ran.
    pub rules: usize,
    /// Ids of the rules that ran, in order.
    pub rule_ids: Vec<String>,
    /// SHA-256 over the rules that ran.
    pub rules_sha256: String,
    /// Rules of one's own that were left out or cannot fire, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule_problems: Vec<Bilingual>,
    /// SHA-256 of what the site itself says of a rule, by its id: what its filters leave out, its values of
    /// placeholders, and of a rule of its own the rule. Rules of which it says nothing are not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own_sha256: BTreeMap<String, String>,
    /// Findings that are absent because an authorisation covers all that matched: fingerprint to the first such
    /// authorisation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub covered: BTreeMap<String, String>,
    /// Identifier of the risk matrix, e.g. `default/1`.
    pub matrix: String,
    /// SHA-256 of the risk matrix.
    pub matrix_sha256: String,
    /// The authorisations file, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorisations: Option<AuthorisationsUsed>,
}

/// The authorisations file of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorisationsUsed {
    /// Path as given.
    pub path: String,
    /// SHA-256 of it.
    pub sha256: String,
    /// How many authorisations it holds.
    pub entries: usize,
    /// Declared zones, with the kind of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zones: BTreeMap<String, String>,
}

/// One piece of evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Input {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file as stored.
    pub sha256: String,
    /// Bytes of the file as stored.
    pub bytes: u64,
    /// `pcap` or `pcapng`, with `+gzip` or `+zstd`.
    pub format: String,
    /// Packets or log entries read.
    pub entries: u64,
    /// Earliest packet time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// Latest packet time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Damage met on the way, with offsets.
    pub problems: Vec<Problem>,
}

/// Damage in one piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Byte offset in the (uncompressed) input.
    pub offset: u64,
    /// What was wrong and what was done.
    pub what: Bilingual,
}

/// What the run could have seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Coverage {
    /// Earliest packet time over all inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// Latest packet time over all inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// Packets read.
    pub packets: u64,
    /// Records by kind.
    pub records: BTreeMap<String, u64>,
    /// What each protocol yielded.
    pub protocols: Vec<ProtocolCoverage>,
    /// What each log of each host holds.
    #[serde(default)]
    pub logs: Vec<LogSource>,
    /// Control points and whether this evidence could speak about them.
    pub checks: Vec<CheckCoverage>,
    /// Limits that were hit and what was dropped, by name; empty when nothing was lost.
    pub limits: BTreeMap<String, u64>,
    /// Whether every input was read to its end without damage.
    pub complete: bool,
}

/// What one protocol yielded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProtocolCoverage {
    /// Protocol name.
    pub name: String,
    /// Sessions.
    pub sessions: u64,
    /// Operations.
    pub operations: u64,
    /// Messages that could not be read.
    pub unreadable: u64,
}

/// Whether the evidence could speak about one control point.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckCoverage {
    /// Control point, e.g. `ICS-09`.
    pub id: String,
    /// Its title.
    pub title: Bilingual,
    /// Scenarios it belongs to.
    pub scenarios: Vec<Scenario>,
    /// `measured`, `not-measured` or `error`.
    pub status: CheckStatus,
    /// Rules that ran for it.
    pub rules: usize,
    /// Open findings on it.
    pub findings: usize,
    /// Why not measured, or what went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Bilingual>,
}

/// State of a control point in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// Rules for it ran over records that could have shown a fault.
    Measured,
    /// Nothing in this evidence could show it.
    NotMeasured,
    /// It was measured, but the evidence was damaged or a limit was hit.
    Error,
}

/// A fingerprinted shortcoming.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// `F-` and 16 hex digits; depends on rule, subject, peer and command class only.
    pub fingerprint: String,
    /// Rule id.
    pub rule: String,
    /// What is wrong, in one line.
    pub title: Bilingual,
    /// Why it matters.
    pub description: Bilingual,
    /// What to do.
    pub advice: Bilingual,
    /// When it may be harmless.
    pub false_positives: Bilingual,
    /// Risk scenario.
    pub scenario: Scenario,
    /// Level by the matrix.
    pub level: Level,
    /// Likelihood, 1 to 5.
    pub likelihood: u8,
    /// Impact, 1 to 5.
    pub impact: u8,
    /// Control points it speaks against.
    pub controls: Vec<String>,
    /// ATT&CK technique ids.
    pub techniques: Vec<String>,
    /// The asset it is about (an address, or a name where there is none).
    pub subject: String,
    /// The other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Command class or other stable key that tells findings of one rule apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// How often.
    pub count: u64,
    /// First time seen.
    pub first: String,
    /// Last time seen.
    pub last: String,
    /// When it happened: spells with less than an hour between two occurrences, at most ten.
    pub windows: Vec<Window>,
    /// For reconciliation: why no authorisation covers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unapproved: Option<Unapproved>,
    /// At most five samples.
    pub evidence: Vec<Excerpt>,
    /// Against the baseline; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// A spell of activity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First occurrence.
    pub first: String,
    /// Last occurrence.
    pub last: String,
    /// Occurrences.
    pub count: u64,
}

/// Why no authorisation covers a record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Unapproved {
    /// Id of the nearest authorisation; absent when none comes near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// Reason codes: `wrong-window`, `wrong-source`, `wrong-asset`, `wrong-verb`, `expired`, ….
    pub reasons: Vec<String>,
    /// The same as a sentence.
    pub text: Bilingual,
}

/// One log of one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogSource {
    /// Host name as written in the log; empty where it names none.
    pub host: String,
    /// Channel of Windows, else the log's format.
    pub source: String,
    /// Entries.
    pub events: u64,
    /// Oldest entry.
    pub first: String,
    /// Newest entry.
    pub last: String,
    /// The longest time, in whole hours, in which no log of the host has an entry.
    pub gap_hours: u64,
    /// How far the host's clock is ahead of the captures' clock; absent where nothing was seen by
    /// both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_ahead_seconds: Option<i64>,
}

/// A decoded sample of the evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Excerpt {
    /// Evidence file.
    pub file: Arc<str>,
    /// Packet number in it, from 1.
    pub number: u64,
    /// Byte offset in it.
    pub offset: u64,
    /// When.
    pub time: String,
    /// One line a person can read, e.g. `modbus write Write Single Register unit 1 @40 = 500`.
    pub text: String,
    /// The record's fields, kept as JSON text: a run may hold a hundred thousand of them.
    pub fields: Box<RawValue>,
}

impl Excerpt {
    /// The record's fields: name to value, or to a list where there are several.
    pub fn map(&self) -> Map<String, Value> {
        serde_json::from_str(self.fields.get()).unwrap_or_default()
    }
}

/// A device or host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Asset {
    /// Network address, else link address.
    pub id: String,
    /// Every network address.
    pub ips: Vec<String>,
    /// Link addresses that are its own (not a router's).
    pub macs: Vec<String>,
    /// Maker of the network interface, by the IEEE registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_vendor: Option<String>,
    /// Host names with how they were learnt.
    pub names: Vec<Fact>,
    /// Accounts that its logs name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// Operating-system hints.
    pub os: Vec<Fact>,
    /// Vendor, model, firmware, serial as the device said them over a protocol.
    pub identity: BTreeMap<String, Fact>,
    /// Roles with reasons, likeliest first.
    pub roles: Vec<Role>,
    /// Zone: declared in the authorisations file, or inferred by subnet.
    pub zone: String,
    /// Whether the zone was declared.
    pub zone_declared: bool,
    /// Protocols it serves.
    pub serves: Vec<String>,
    /// Protocols it uses.
    pub uses: Vec<String>,
    /// First seen.
    pub first: String,
    /// Last seen.
    pub last: String,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
}

/// A fact with its source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fact {
    /// The value.
    pub value: String,
    /// Protocol it was learnt by.
    pub via: String,
    /// Evidence file.
    pub file: String,
    /// Packet number.
    pub number: u64,
}

/// A role an asset plays.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// `controller`, `engineering-station`, `hmi`, `historian`, `gateway`, `rtu-master`, `server`,
    /// `workstation`, `file-server`, `dns-server`, `dhcp-server`, `router`, ….
    pub name: String,
    /// What showed it.
    pub reason: Bilingual,
}

/// Who talks to whom how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversation {
    /// Asset that asks.
    pub source: String,
    /// Asset that answers.
    pub destination: String,
    /// Protocol; `tcp/4444` style where not recognised.
    pub protocol: String,
    /// Sessions.
    pub sessions: u64,
    /// Payload bytes both ways.
    pub bytes: u64,
    /// Operations by verb.
    pub verbs: BTreeMap<String, u64>,
    /// First seen.
    pub first: String,
    /// Last seen.
    pub last: String,
}

/// Against an earlier examination.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Baseline file as given.
    pub baseline: String,
    /// When the baseline was examined.
    pub baseline_examined_at: String,
    /// Findings not in the baseline.
    pub new: usize,
    /// Findings in both.
    pub still: usize,
    /// Findings of the baseline that this run could have seen and did not.
    pub gone: Vec<Earlier>,
    /// Findings of the baseline that this run could not have seen.
    pub not_retested: Vec<Earlier>,
}

/// A finding of the baseline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Earlier {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Id of the rule that found it; empty where an older program left it out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Its title.
    pub title: Bilingual,
    /// Its level.
    pub level: Level,
    /// Its subject.
    pub subject: String,
    /// The proof that it is gone, or why it was not re-tested.
    pub reason: Bilingual,
}

/// A finding against the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Not in the baseline.
    New,
    /// In the baseline too.
    Still,
}
