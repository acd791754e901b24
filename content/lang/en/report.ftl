# The reports: HTML, SARIF, OCSF and XLSX.

# Page frame
report-title = Industrial data-security examination
report-language = Language
report-skip = Skip to the findings
report-contents = Contents
report-times = All times: Asia/Shanghai (UTC+8)
report-generated = Examined { $time } by Hangtu { $version }
report-top = Back to top
report-none = None
report-unknown = Unknown
report-total = Total
report-separator = ,{" "}
report-yes = Yes
report-no = No
report-row-limit = The first { $shown } of { $total } rows are shown; all of them are in findings.json.

# Verdict
report-verdict = Verdict
report-verdict-worst = Worst level
report-verdict-found = { $findings ->
    [one] { $findings } finding
   *[other] { $findings } findings
 } over { $assets ->
    [one] { $assets } asset
   *[other] { $assets } assets
 }, from { $inputs ->
    [one] { $inputs } evidence file
   *[other] { $inputs } evidence files
 }.
report-verdict-times = Evidence from { $first } to { $last }.
report-verdict-no-time = No packet carried a readable time.
report-verdict-clean = No findings
report-verdict-clean-note = This does not prove that nothing is wrong. It holds only for the control points listed below as measured.
report-verdict-incomplete = The evidence was not read completely. Read the damage and limits under Coverage before relying on what was not found.
report-measured-of = { $measured } of { $total } control points measured
report-measured-rest = { $missing } not measured, { $errors } with errors

# Matrix
report-matrix = Findings by scenario and level
report-matrix-note = Select a number to see those findings.
report-scenario = Scenario
report-level = Level

# Comparison
report-comparison = Against the earlier examination
report-comparison-with = Baseline { $file }, examined { $time }.
report-comparison-new = New
report-comparison-still = Still there
report-comparison-gone = Gone, shown by re-test
report-comparison-not-retested = Not re-tested
report-comparison-not-retested-note = This evidence could not have shown these findings. They stay open.
report-comparison-reason = Reason

# Coverage
report-coverage = Coverage
report-coverage-note = What this examination could have seen. What was not measured is not proved safe.
report-span = Time span
report-span-of = { $first } to { $last }
report-complete = Evidence read completely
report-complete-yes = Yes, every file to its end and without damage
report-complete-no = No, see damage and limits
report-checks = Control points
report-checks-none = No control points were given to this examination.
report-check = Control point
report-check-title = Requirement
report-status = Status
report-status-measured = Measured
report-status-not-measured = Not measured
report-status-error = Error
report-rules = Rules
report-reason = Reason
report-reason-measured = Rules ran over records that could have shown a fault
report-protocols = Protocols read
report-protocol = Protocol
report-sessions = Sessions
report-operations = Operations
report-unreadable = Unreadable messages
report-records = Records by kind
report-kind-operation = Operations
report-kind-session = Sessions
report-kind-event = Events
report-kind-file = File actions
report-kind-component = Components
report-kind-setting = Settings
report-kind-answer = Answers
report-number = Number
report-limits = Limits reached
report-limits-none = No limit was reached; nothing was dropped.
report-limit = Limit
report-dropped = Dropped
report-damage = Damage in the evidence
report-logs = Logs
report-log-host = Host
report-log-source = Log
report-log-entries = Entries
report-log-gap = Longest gap of the host (hours)
report-log-clock = Clock ahead of the captures (seconds)
report-accounts = Accounts in its logs:
report-damage-none = No damage was met.
report-damage-what = What was wrong and what was done
report-file = File
report-offset = Offset (byte)

# Findings
report-findings = Findings
report-findings-none = No rule matched and every operation that needs an approval had one.
report-findings-limit = The first { $shown } of { $total } findings are shown, worst first; all of them are in findings.json.
report-filter-all = All
report-filter-text = Text in the finding
report-filter-shown = Shown
report-filter-empty = No finding fits this filter.
report-expand = Open all
report-collapse = Close all
report-finding = Finding
report-subject = Asset concerned
report-peer = Other side
report-class = Command class
report-count = Times
report-first = First seen
report-last = Last seen
report-why = Why it matters
report-unapproved = Why no authorisation covers it
report-unapproved-nearest = Nearest authorisation
report-unapproved-none = No authorisation comes near
report-evidence = Evidence
report-evidence-limit = { $shown } samples of { $total } occurrences
report-packet = no. { $number }
report-byte = byte { $offset }
report-fields = Fields
report-advice = What to do
report-false-positives = When it may be harmless
report-controls = Control points
report-techniques = ATT&CK techniques
report-fingerprint = Fingerprint
report-rule = Rule
report-risk = Likelihood × impact
report-risk-of = { $likelihood } × { $impact } = { $product } (of 25)
report-finding-new = New
report-finding-still = Still there

# Topology
report-topology = Network picture
report-topology-note = Boxes are zones. Within them the field level stands at the bottom and outside networks at the top. Lines are conversations.
report-topology-drawn = { $nodes } of { $assets } assets and { $edges } of { $pairs } connections are drawn, those with findings and industrial traffic first. The tables below hold all of them.
report-topology-all = All { $assets } assets and { $pairs } connections are drawn. The tables below hold the details.
report-topology-industrial = Industrial protocol
report-topology-it = IT protocol
report-topology-finding = With findings
report-topology-zone-declared = Zone declared by the site
report-topology-zone-inferred = Zone inferred by subnet
report-topology-scroll = Network picture, can be scrolled
report-topology-none = The evidence shows no assets.
report-zone-other = Other zones
report-band-external = Outside
report-band-enterprise = Enterprise
report-band-operations = Operations
report-band-supervision = Supervision
report-band-control = Control

# Assets, conversations, inputs
report-assets = Assets
report-address = Address
report-names = Names
report-identity = Identity
report-identity-vendor = Vendor
report-identity-model = Model
report-identity-firmware = Firmware
report-identity-serial = Serial number
report-interface = Network interface
report-os = Operating system
report-roles = Roles
report-zone = Zone
report-zone-declared = declared
report-zone-inferred = inferred
report-serves = Serves
report-uses = Uses
report-macs = Link addresses
report-bytes-sent = Bytes sent
report-bytes-received = Bytes received
report-conversations = Conversations
report-source = Asks
report-destination = Answers
report-bytes = Bytes
report-verbs = Operations by kind
report-inputs = Evidence and tool
report-inputs-note = The same evidence with the same rules gives the same findings. Check the SHA-256 before relying on this report.
report-format = Format
report-packets = Packets
report-tool = Tool
report-tool-version = Hangtu version
report-rules-sha256 = SHA-256 of the rules
report-rules-ran = Rules that ran
report-matrix-name = Risk matrix
report-matrix-sha256 = SHA-256 of the risk matrix
report-authorisations = Authorisations
report-authorisations-of = { $path }, { $entries } entries
report-authorisations-none = None given: every operation that needs an approval counts as not approved
report-authorisations-sha256 = SHA-256 of the authorisations
report-examined = Examined
report-schema = Schema
report-sha256 = SHA-256

# Sheets of the workbook
report-sheet-findings = Findings
report-sheet-comparison = Gone or not re-tested
report-sheet-assets = Assets
report-sheet-conversations = Conversations
report-sheet-coverage = Coverage
report-sheet-inputs = Inputs
report-sheet-cut = A sheet holds no more rows. The rest is in findings.json.
report-section = Section
report-item = Item
report-value = Value

# SARIF notifications and results
report-sarif-limit = Limit reached: { $name }, dropped { $count }
report-sarif-unmeasured = { $id } { $title }: { $status }. { $reason }
report-sarif-seen = { $subject }: { $title } ({ $count } times, { $first } to { $last }, UTC+8)
report-sarif-earlier = { $subject }: { $title }. { $reason }

# Verbs of operations
report-verb-read = read
report-verb-write = write
report-verb-control = control
report-verb-download = download
report-verb-upload = upload
report-verb-delete = delete
report-verb-firmware = firmware
report-verb-start = start
report-verb-stop = stop
report-verb-restart = restart
report-verb-configure = configure
report-verb-set-time = set time
report-verb-authenticate = authenticate
report-verb-identify = identify
report-verb-diagnose = diagnose
report-verb-subscribe = subscribe
report-verb-unsubscribe = unsubscribe
report-verb-report = report
report-verb-connect = connect
report-verb-disconnect = disconnect
report-verb-other = other

# Roles of assets
role-controller = Controller
role-engineering-station = Engineering station
role-hmi = Operator panel (HMI)
role-historian = Historian
role-gateway = Gateway
role-rtu = Remote terminal unit
role-rtu-master = RTU master
role-scada-server = SCADA server
role-server = Server
role-workstation = Workstation
role-file-server = File server
role-domain-controller = Domain controller
role-dns-server = DNS server
role-dhcp-server = DHCP server
role-router = Router
role-remote-access-client = Remote-access client
role-remote-access-server = Remote-access server
role-printer = Printer
role-camera = Camera
role-external = Outside host
role-unknown = Unknown

# Why no authorisation covers a record
reason-none = no authorisation comes near
reason-wrong-window = outside the approved time
reason-wrong-source = from another station
reason-wrong-asset = to another asset
reason-wrong-verb = another kind of operation
reason-wrong-protocol = over another protocol
reason-wrong-object = on another object
reason-wrong-person = by another person
reason-not-yet-valid = not valid yet
reason-expired = expired
reason-revoked = withdrawn
report-not-measured-list = Not measured by this evidence: { $count } control points, and why
report-scenario-all = All four

# Timeline
report-timeline = Timeline
report-timeline-note = The samples of all findings in the order of their time. The filter above the findings holds here too.
report-time = Time
