-- Findings and their corrections. What lists filter and sort by stands in `finding`; the long texts
-- stand in `finding_detail`, so that a list reads few pages.

CREATE TABLE finding (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    -- Shown to people; counts up within the organisation.
    number BIGINT NOT NULL,
    -- examination or answers: only what found it can prove it gone.
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The other side, and what tells findings of one rule apart; perhaps empty.
    peer TEXT NOT NULL,
    class TEXT NOT NULL,
    -- Titles in both languages.
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    scenario TEXT NOT NULL,
    level TEXT NOT NULL,
    level_rank BIGINT NOT NULL,
    -- ' ICS-01 ICS-09 '
    controls TEXT NOT NULL,
    -- Words of `correct::State`.
    state TEXT NOT NULL,
    -- 1 while it needs work: open, assigned, fixing, retest, disputed.
    work BIGINT NOT NULL,
    -- The request that waits for an approver: dispute, accept, not-applicable; else empty.
    asked TEXT NOT NULL DEFAULT '',
    -- Id of a person; empty for nobody.
    owner TEXT NOT NULL DEFAULT '',
    due BIGINT,
    accepted_until BIGINT,
    opened BIGINT NOT NULL,
    closed BIGINT,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    -- Evidence up to this moment neither proves it gone nor shows it come back: when the work on it
    -- began or was done, where the proof that closed it begins, when it was judged not applicable.
    barrier BIGINT NOT NULL DEFAULT 0,
    count BIGINT NOT NULL,
    run_first TEXT NOT NULL,
    run_last TEXT NOT NULL,
    -- Seconds of evidence of the run that saw it last: a re-test covers as much.
    span BIGINT NOT NULL,
    recurrence_of TEXT NOT NULL DEFAULT '',
    -- Lower case, both languages.
    search TEXT NOT NULL
);
CREATE UNIQUE INDEX finding_number ON finding (organisation, number);
CREATE INDEX finding_work ON finding (organisation, work, level_rank, last_seen);
CREATE INDEX finding_level ON finding (organisation, level_rank, last_seen);
CREATE INDEX finding_state ON finding (organisation, state, level, scenario);
CREATE INDEX finding_owner ON finding (organisation, owner, work);
CREATE INDEX finding_due ON finding (organisation, work, due);
CREATE INDEX finding_accepted ON finding (accepted_until);

-- The last number given; whoever changes findings of an organisation holds its row until the end.
CREATE TABLE finding_counter (
    organisation TEXT PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);

-- The last detection as JSON.
CREATE TABLE finding_detail (
    finding TEXT PRIMARY KEY NOT NULL REFERENCES finding (id),
    organisation TEXT NOT NULL,
    detail TEXT NOT NULL
);

-- Which run saw it.
CREATE TABLE sighting (
    organisation TEXT NOT NULL,
    run TEXT NOT NULL,
    finding TEXT NOT NULL REFERENCES finding (id),
    count BIGINT NOT NULL,
    PRIMARY KEY (run, finding)
);
CREATE INDEX sighting_finding ON sighting (finding);

-- What was taken in: the same run or the same evidence twice changes nothing.
CREATE TABLE taken_in (
    organisation TEXT NOT NULL,
    run TEXT NOT NULL,
    source TEXT NOT NULL,
    -- SHA-256 over the evidence and what judged it; the run's id for answers.
    evidence TEXT NOT NULL,
    time BIGINT NOT NULL,
    -- Span of the evidence.
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    seen BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    not_retested BIGINT NOT NULL,
    -- Findings that needed work when it was done: a JSON list, a number for each level from light on.
    work TEXT NOT NULL,
    PRIMARY KEY (organisation, run)
);
CREATE INDEX taken_in_evidence ON taken_in (organisation, evidence);

-- What happened to a finding.
CREATE TABLE finding_event (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    finding TEXT NOT NULL REFERENCES finding (id),
    time BIGINT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    -- Words of `correct::Step`.
    step TEXT NOT NULL,
    -- The state after it.
    state TEXT NOT NULL,
    -- What a person wrote.
    text TEXT NOT NULL,
    -- What the program says, in both languages.
    reason_zh TEXT NOT NULL DEFAULT '',
    reason_en TEXT NOT NULL DEFAULT '',
    run TEXT NOT NULL DEFAULT ''
);
CREATE INDEX finding_event_finding ON finding_event (finding, id);

-- What somebody asks and another person decides: dispute, accept, not-applicable.
CREATE TABLE finding_request (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    finding TEXT NOT NULL REFERENCES finding (id),
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Of an acceptance.
    measure TEXT NOT NULL DEFAULT '',
    until BIGINT,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    asked BIGINT NOT NULL,
    -- '', approved, refused, withdrawn
    verdict TEXT NOT NULL DEFAULT '',
    approver TEXT NOT NULL DEFAULT '',
    approver_name TEXT NOT NULL DEFAULT '',
    decided BIGINT,
    note TEXT NOT NULL DEFAULT ''
);
CREATE INDEX finding_request_finding ON finding_request (finding, id);

CREATE TABLE attachment (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    finding TEXT NOT NULL REFERENCES finding (id),
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    time BIGINT NOT NULL
);
CREATE INDEX attachment_finding ON attachment (finding, id);
