-- Submissions. First the enterprise's side.

-- Whom the organisation submits to.
CREATE TABLE submit_to (
    organisation TEXT PRIMARY KEY NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    -- Verifier keys: of the receipts, of the cosignatures.
    key TEXT NOT NULL,
    witness TEXT NOT NULL,
    -- Where packages may be sent; empty for nowhere.
    address TEXT NOT NULL,
    -- The invitation's secret, sealed.
    token TEXT NOT NULL,
    -- Whether an administrator allowed to send by network.
    online BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    -- What the last receipt that disagrees with the log showed: '', forked or rolled-back; when; the
    -- two checkpoints.
    warning TEXT NOT NULL DEFAULT '',
    warned BIGINT NOT NULL DEFAULT 0,
    earlier TEXT NOT NULL DEFAULT '',
    later TEXT NOT NULL DEFAULT ''
);

CREATE TABLE submission (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    -- Given when it is signed; counts up and is never given twice.
    sequence BIGINT,
    -- draft, signed, sent, received, returned, resubmitted, accepted, refused
    state TEXT NOT NULL,
    -- Canonical JSON: what leaves the plant.
    facts TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    -- SHA-256 of each file of evidence, in order, with spaces between.
    evidence TEXT NOT NULL,
    -- The returned submission that it answers.
    answers TEXT NOT NULL DEFAULT '',
    created BIGINT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    signed BIGINT,
    signed_name TEXT NOT NULL DEFAULT '',
    sent BIGINT,
    -- Entries that its checkpoint covers, the file and its hash.
    size BIGINT NOT NULL DEFAULT 0,
    digest TEXT NOT NULL DEFAULT '',
    package TEXT NOT NULL DEFAULT '',
    -- The highest number among its receipts.
    receipt BIGINT NOT NULL DEFAULT 0,
    UNIQUE (organisation, sequence)
);
CREATE INDEX submission_digest ON submission (organisation, digest);

-- Receipts, each once. One for a package that this database does not know has no submission: it is
-- kept because it shows that something was lost.
CREATE TABLE submission_receipt (
    organisation TEXT NOT NULL REFERENCES organisation (id),
    digest TEXT NOT NULL,
    submission TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT NOT NULL,
    issued BIGINT NOT NULL,
    content TEXT NOT NULL,
    -- Size of the cosigned checkpoint; 0 for none.
    witnessed BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (organisation, digest)
);
CREATE INDEX submission_receipt_submission ON submission_receipt (organisation, submission, number);

-- The supervisor's side: who sends, and what was received.
CREATE TABLE sender (
    organisation TEXT NOT NULL REFERENCES organisation (id),
    -- Unified social credit code.
    code TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    -- Hash of the invitation's secret; empty for none.
    token TEXT NOT NULL DEFAULT '',
    invited BIGINT NOT NULL DEFAULT 0,
    -- The verifier key of its packages; it counts once somebody confirmed it.
    key TEXT NOT NULL DEFAULT '',
    trusted BIGINT NOT NULL DEFAULT 0,
    trusted_name TEXT NOT NULL DEFAULT '',
    -- The last checkpoint that was cosigned.
    witnessed TEXT NOT NULL DEFAULT '',
    -- What was received before is no longer compared with.
    since BIGINT NOT NULL DEFAULT 0,
    -- When a fork or rollback was caught last; 0 for never.
    warned BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, code)
);

CREATE TABLE intake (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    code TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    digest TEXT NOT NULL,
    package TEXT NOT NULL,
    created BIGINT NOT NULL,
    received BIGINT NOT NULL,
    -- received, returned, accepted, refused
    state TEXT NOT NULL,
    -- first, extends, unproven, rolled-back, forked
    continuity TEXT NOT NULL,
    reviewed BIGINT,
    reviewed_name TEXT NOT NULL DEFAULT '',
    -- The last receipt and its number.
    number BIGINT NOT NULL,
    receipt TEXT NOT NULL,
    UNIQUE (organisation, digest)
);
CREATE INDEX intake_sender ON intake (organisation, code, sequence);
CREATE INDEX intake_state ON intake (organisation, state, received);
