//! Field names. Known ones have a number, so that typed records answer by a jump, not by a
//! comparison of strings.

/// A field a rule or report asks for: a known one, or one by name only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The number, when typed records know the name.
    pub known: Option<FieldName>,
    /// The name as written.
    pub name: Box<str>,
}

impl Field {
    /// The field of that name.
    pub fn new(name: &str) -> Self {
        Self { known: FieldName::from_name(name), name: name.into() }
    }
}

impl From<FieldName> for Field {
    fn from(known: FieldName) -> Self {
        Self { known: Some(known), name: known.name().into() }
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The names that typed records use. Documented one by one in `docs/records.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FieldName { $($(#[$doc])* $variant,)* }

        impl FieldName {
            /// Every known name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The dotted name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// `,"name":`, as it stands in a line of JSON.
            #[inline(always)]
            pub(crate) const fn key(self) -> &'static str {
                match self { $(Self::$variant => concat!(",\"", $name, "\":"),)* }
            }
        }
    };
}

/// Names the fields of a typed record in their order. Each is written out by itself, so that the compiler knows
/// which it is: what is written about it then is a copy of fixed length. Fields in brackets say the same
/// whenever their key is the same, which stands before them: a method here, and the slots of the writer.
macro_rules! walk {
    ($($name:ident)* $([$key:ident $($same:ident)*] $($after:ident)*)*) => {
        fn walk<'a>(&'a self, f: &mut dyn FnMut(&'a str, Value<'a>)) {
            $($crate::field::walk!(@hand self f $name);)*
            $($($crate::field::walk!(@hand self f $same);)*
            $($crate::field::walk!(@hand self f $after);)*)*
        }

        fn write(&self, json: &mut JsonWriter, out: &mut Vec<u8>) {
            $($crate::field::walk!(@write self json out $name);)*
            $(let key = self.$key();
            if let Some(kept) = json.$key.get(&key) {
                out.extend_from_slice(kept);
            } else {
                let start = out.len();
                $($crate::field::walk!(@write self json out $same);)*
                json.$key.keep(key, &out[start..]);
            }
            $($crate::field::walk!(@write self json out $after);)*)*
        }
    };
    (@hand $self:ident $f:ident $name:ident) => {
        if let Some(value) = $self.get(FieldName::$name) {
            $f(FieldName::$name.name(), value);
        }
    };
    (@write $self:ident $json:ident $out:ident $name:ident) => {
        if let Some(value) = $self.get(FieldName::$name) {
            $json.field($out, FieldName::$name, value);
        }
    };
}
pub(crate) use walk;

impl FieldName {
    /// The known field of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.name() == name)
    }
}

fields! {
    /// When it happened.
    Timestamp = "@timestamp",
    /// The record's kind.
    RecordKind = "record.kind",
    /// Which evidence file.
    EvidenceFile = "evidence.file",
    /// Packet or record number in it, from 1.
    EvidenceNumber = "evidence.number",
    /// Byte offset in it.
    EvidenceOffset = "evidence.offset",
    /// Address of who acted.
    SourceIp = "source.ip",
    /// Port of who acted.
    SourcePort = "source.port",
    /// Link address of who acted.
    SourceMac = "source.mac",
    /// Zone of who acted: declared, or inferred by subnet.
    SourceZone = "source.zone",
    /// Kind of that zone, where the site declared it.
    SourceZoneKind = "source.zone.kind",
    /// Bytes sent by the source.
    SourceBytes = "source.bytes",
    /// Packets sent by the source.
    SourcePackets = "source.packets",
    /// Address of who was acted upon.
    DestinationIp = "destination.ip",
    /// Port of who was acted upon.
    DestinationPort = "destination.port",
    /// Link address of who was acted upon.
    DestinationMac = "destination.mac",
    /// Zone of who was acted upon.
    DestinationZone = "destination.zone",
    /// Kind of that zone, where the site declared it.
    DestinationZoneKind = "destination.zone.kind",
    /// Bytes sent by the destination.
    DestinationBytes = "destination.bytes",
    /// Packets sent by the destination.
    DestinationPackets = "destination.packets",
    /// `internal`, `outbound` or `inbound`: which sides are public addresses.
    NetworkDirection = "network.direction",
    /// Application protocol.
    NetworkProtocol = "network.protocol",
    /// `tcp`, `udp` or `link`.
    NetworkTransport = "network.transport",
    /// 802.1Q identifier.
    VlanId = "network.vlan.id",
    /// What the device was told to do.
    OperationVerb = "operation.verb",
    /// The protocol's own function, type or service number.
    OperationCode = "operation.code",
    /// The protocol's own name of that number.
    OperationFunction = "operation.function",
    /// Unit, station, slot or common address.
    OperationUnit = "operation.unit",
    /// What was addressed: a register table, block, class or object.
    OperationObject = "operation.object",
    /// First address of the range.
    OperationAddress = "operation.address",
    /// How many addresses.
    OperationCount = "operation.count",
    /// The value, where short.
    OperationValue = "operation.value",
    /// `success`, `error`, `unanswered` or `none-expected`.
    OperationOutcome = "operation.outcome",
    /// The protocol's own exception, error or status number.
    OperationError = "operation.error",
    /// The protocol's own name of that number.
    OperationErrorName = "operation.error_name",
    /// Which sides were seen: `both`, `request` or `response`.
    OperationSeen = "operation.seen",
    /// Nanoseconds from request to response.
    OperationDelay = "operation.delay",
    /// First packet of a session.
    EventStart = "event.start",
    /// Last packet of a session.
    EventEnd = "event.end",
    /// Nanoseconds from first to last packet.
    EventDuration = "event.duration",
    /// What happened to a file: `create`, `read`, `write`, `rename`, `delete`.
    EventAction = "event.action",
    /// `complete` (handshake seen), `refused`, `unanswered` or `midstream`.
    SessionState = "session.state",
    /// Bytes missing in the capture.
    SessionLost = "session.lost_bytes",
    /// A file's path as the protocol carries it.
    FilePath = "file.path",
    /// A file's name without its folders.
    FileFullName = "file.name",
    /// A file's extension without the dot, as written.
    FileExtension = "file.extension",
    /// The new path of a renamed file.
    FileTargetPath = "file.target_path",
    /// The extension of the new path.
    FileTargetExtension = "file.target_extension",
    /// Bytes moved.
    FileSize = "file.size",
    /// Shannon entropy of a sample of what was written, bits per byte.
    FileEntropy = "file.entropy",
    /// The share or remote root a file lives in.
    FileShare = "file.share",
    /// Protocol status of a file operation; 0 is success.
    FileStatus = "file.status",
    /// Asked DNS names.
    DnsQuestionName = "dns.question.name",
    /// Asked DNS types.
    DnsQuestionType = "dns.question.type",
    /// Addresses answered.
    DnsResolvedIp = "dns.resolved_ip",
    /// DNS result.
    DnsResponseCode = "dns.response_code",
    /// Host name the client said of itself.
    HostName = "host.hostname",
    /// Operating-system hint.
    HostOs = "host.os.name",
    /// DHCP message types.
    DhcpType = "dhcp.message_type",
    /// DHCP vendor class.
    DhcpVendor = "dhcp.vendor_class",
    /// Address leased.
    DhcpAddress = "dhcp.assigned_ip",
    /// HTTP methods.
    HttpMethod = "http.request.method",
    /// HTTP status codes.
    HttpStatus = "http.response.status_code",
    /// Host that HTTP asks for.
    UrlDomain = "url.domain",
    /// Its port, where the request names one.
    UrlPort = "url.port",
    /// HTTP path.
    UrlPath = "url.path",
    /// Parts of HTTP queries that carry what attacks carry.
    UrlQuery = "url.query",
    /// HTTP User-Agent.
    UserAgent = "user_agent.original",
    /// HTTP Server header or other banner of the server.
    ServerBanner = "server.banner",
    /// Banner of the client.
    ClientBanner = "client.banner",
    /// Content type of responses.
    HttpMime = "http.response.mime_type",
    /// TLS server name.
    TlsServerName = "tls.client.server_name",
    /// TLS version agreed, else offered.
    TlsVersion = "tls.version",
    /// TLS cipher agreed.
    TlsCipher = "tls.cipher",
    /// TLS application protocols.
    TlsAlpn = "tls.next_protocol",
    /// JA4 of the client.
    TlsJa4 = "tls.client.ja4",
    /// Subject of the server certificate.
    TlsSubject = "tls.server.subject",
    /// Issuer of the server certificate.
    TlsIssuer = "tls.server.issuer",
    /// SHA-256 of the server certificate.
    TlsCertificate = "tls.server.hash.sha256",
    /// User name a log-on showed.
    UserName = "user.name",
    /// Windows domain a log-on showed.
    UserDomain = "user.domain",
    /// `success` or `failure` of a log-on.
    AuthOutcome = "authentication.outcome",
    /// How a log-on was done.
    AuthMethod = "authentication.method",
    /// FTP or other commands.
    Command = "session.command",
    /// SMB dialect, RDP or VNC protocol version.
    ProtocolVersion = "network.protocol_version",
    /// SMB share.
    SmbShare = "smb.share",
    /// SMB named pipe or service.
    SmbPipe = "smb.pipe",
    /// Names of services within a protocol (DCE/RPC interface, RDP security).
    ServiceName = "service.name",
    /// Vendor from a protocol identity.
    DeviceVendor = "device.manufacturer",
    /// Model from a protocol identity.
    DeviceModel = "device.model.name",
    /// Serial number from a protocol identity.
    DeviceSerial = "device.serial_number",
    /// Firmware from a protocol identity.
    DeviceFirmware = "device.firmware",
}
