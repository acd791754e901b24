//! An operation: somebody told an industrial device to do something.

use crate::{
    Endpoint, Field, FieldName, JsonWriter, Kind, Origin, Record, Text, Time, Value,
    again::{Asked, Ended, Ends, Name},
    field::walk,
};

macro_rules! names {
    ($(#[$doc:meta])* $enum:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $enum { $($(#[$vdoc])* $variant,)* }

        impl $enum {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in records, rules and authorisations.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The value of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.name() == name)
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What the device was told to do, the same word for every protocol.
    Verb {
        /// Read process values or memory.
        Read = "read",
        /// Write process values or memory.
        Write = "write",
        /// Command an output or set point (select, operate, execute).
        Control = "control",
        /// Load program or configuration into the device.
        Download = "download",
        /// Copy program or configuration out of the device.
        Upload = "upload",
        /// Delete a program block, file or object.
        Delete = "delete",
        /// Replace firmware.
        Firmware = "firmware",
        /// Start the controller.
        Start = "start",
        /// Stop the controller.
        Stop = "stop",
        /// Restart or reset the device.
        Restart = "restart",
        /// Change how the device is set up.
        Configure = "configure",
        /// Set the clock.
        SetTime = "set-time",
        /// Prove who one is; passwords and keys.
        Authenticate = "authenticate",
        /// Ask who the device is.
        Identify = "identify",
        /// Diagnostics and counters.
        Diagnose = "diagnose",
        /// Ask for reports or events to be sent.
        Subscribe = "subscribe",
        /// Stop reports or events from being sent.
        Unsubscribe = "unsubscribe",
        /// A device reports by itself.
        Report = "report",
        /// Open an application connection.
        Connect = "connect",
        /// Close an application connection.
        Disconnect = "disconnect",
        /// Anything else.
        Other = "other",
    }
}

impl Verb {
    /// Whether the verb alters the process, the program or the device.
    pub const fn changes(self) -> bool {
        matches!(
            self,
            Self::Write
                | Self::Control
                | Self::Download
                | Self::Delete
                | Self::Firmware
                | Self::Start
                | Self::Stop
                | Self::Restart
                | Self::Configure
                | Self::SetTime
                | Self::Unsubscribe
        )
    }
}

names! {
    /// How an operation ended.
    Outcome {
        /// The device agreed.
        Success = "success",
        /// The device agreed to some of what one request asked, and refused the rest.
        Partial = "partial",
        /// The device refused or failed.
        Error = "error",
        /// No response was seen.
        Unanswered = "unanswered",
        /// The protocol gives none for this operation.
        NoneExpected = "none-expected",
    }
}

impl Outcome {
    /// Of a request of which something was refused.
    pub fn refused(agreed_to_some: bool) -> Self {
        if agreed_to_some { Self::Partial } else { Self::Error }
    }
}

names! {
    /// Which sides of an operation the capture held.
    Seen {
        /// Request and response.
        Both = "both",
        /// Only the request.
        Request = "request",
        /// Only the response.
        Response = "response",
    }
}

/// Somebody told an industrial device to do something; one a request, with its response's outcome.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Time of the request (of the response when only that was seen).
    pub time: Time,
    /// Packet of the request (of the response when only that was seen).
    pub origin: Origin,
    /// Who asked.
    pub source: Endpoint,
    /// Who was asked.
    pub destination: Endpoint,
    /// 802.1Q identifier.
    pub vlan: Option<u16>,
    /// Protocol name, e.g. `modbus`.
    pub protocol: &'static str,
    /// The common word.
    pub verb: Verb,
    /// The protocol's own function, type or service number.
    pub code: u32,
    /// The protocol's own name for it; empty when the standard names none.
    pub function: &'static str,
    /// Unit, station, slot or common address.
    pub unit: Option<u32>,
    /// What was addressed; empty when the operation addresses nothing.
    pub object: Text,
    /// First address of the range.
    pub address: Option<u32>,
    /// How many addresses.
    pub count: Option<u32>,
    /// Value, where short; empty otherwise.
    pub value: Text,
    /// How it ended.
    pub outcome: Outcome,
    /// The protocol's own exception, error or status number, when there was one.
    pub error: Option<u32>,
    /// Its name; empty when the standard names none.
    pub error_name: &'static str,
    /// Which sides were seen.
    pub seen: Seen,
    /// Nanoseconds from request to response, when both were seen.
    pub delay: Option<i64>,
}

/// A text, unless it is empty.
#[inline]
pub(crate) fn text(s: &str) -> Option<Value<'_>> {
    (!s.is_empty()).then_some(Value::Str(s))
}

fn number(n: Option<u32>) -> Option<Value<'static>> {
    n.map(|n| Value::Int(i64::from(n)))
}

impl Operation {
    walk! {
        Timestamp
        [asked RecordKind NetworkProtocol OperationVerb OperationCode OperationFunction]
        OperationUnit OperationObject OperationAddress OperationCount OperationValue
        [ended OperationOutcome OperationError OperationErrorName OperationSeen]
        OperationDelay
        [ends SourceIp SourcePort SourceMac DestinationIp DestinationPort DestinationMac VlanId]
        EvidenceNumber
    }

    fn asked(&self) -> Asked {
        let Self { protocol, verb, code, function, .. } = *self;
        Asked { protocol: Name(protocol), verb, code, function: Name(function) }
    }

    fn ended(&self) -> Ended {
        let Self { outcome, error, error_name, seen, .. } = *self;
        Ended { outcome, error, error_name: Name(error_name), seen }
    }

    fn ends(&self) -> Ends {
        Ends { source: self.source, destination: self.destination, vlan: self.vlan }
    }

    #[inline(always)]
    fn get(&self, name: FieldName) -> Option<Value<'_>> {
        use FieldName as F;
        match name {
            F::Timestamp => Some(Value::Time(self.time)),
            F::RecordKind => Some(Value::Str("operation")),
            F::NetworkProtocol => Some(Value::Str(self.protocol)),
            F::OperationVerb => Some(Value::Str(self.verb.name())),
            F::OperationCode => Some(Value::Int(i64::from(self.code))),
            F::OperationFunction => text(self.function),
            F::OperationUnit => number(self.unit),
            F::OperationObject => text(&self.object),
            F::OperationAddress => number(self.address),
            F::OperationCount => number(self.count),
            F::OperationValue => text(&self.value),
            F::OperationOutcome => Some(Value::Str(self.outcome.name())),
            F::OperationError => number(self.error),
            F::OperationErrorName => text(self.error_name),
            F::OperationSeen => Some(Value::Str(self.seen.name())),
            F::OperationDelay => self.delay.map(Value::Int),
            F::VlanId => self.vlan.map(|v| Value::Int(i64::from(v))),
            F::EvidenceNumber => Some(Value::Int(self.origin.number as i64)),
            F::EvidenceOffset => Some(Value::Int(self.origin.offset as i64)),
            _ => self.source.get(&self.destination, name),
        }
    }
}

impl Endpoint {
    /// The `source.*` or `destination.*` field of a pair of endpoints.
    pub(crate) fn get(&self, destination: &Self, name: FieldName) -> Option<Value<'static>> {
        use FieldName as F;
        let port = |p: u16| (p != 0).then_some(Value::Int(i64::from(p)));
        match name {
            F::SourceIp => self.ip.map(Value::Ip),
            F::SourcePort => port(self.port),
            F::SourceMac => self.mac.map(Value::Mac),
            F::DestinationIp => destination.ip.map(Value::Ip),
            F::DestinationPort => port(destination.port),
            F::DestinationMac => destination.mac.map(Value::Mac),
            _ => None,
        }
    }
}

impl Record for Operation {
    fn kind(&self) -> Kind {
        Kind::Operation
    }

    fn time(&self) -> Time {
        self.time
    }

    fn origin(&self) -> Origin {
        self.origin
    }

    fn values<'a>(&'a self, field: &Field, f: &mut dyn FnMut(Value<'a>)) {
        if let Some(value) = field.known.and_then(|name| self.get(name)) {
            f(value);
        }
    }

    fn each<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
        self.walk(f);
    }

    fn json(&self, json: &mut JsonWriter, out: &mut Vec<u8>) {
        self.write(json, out);
    }
}
