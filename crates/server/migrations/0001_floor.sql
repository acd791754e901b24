-- The floor: organisations, people, sessions, tokens, settings, the ledger, jobs.
-- One dialect for SQLite and PostgreSQL: TEXT, BIGINT and DOUBLE PRECISION only. Ids are UUID v7 as
-- text; times are microseconds since 1970 in UTC; truth is 0 or 1; hashes are hexadecimal text.

CREATE TABLE organisation (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    revenue_band TEXT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE person (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    account TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    department TEXT NOT NULL DEFAULT '',
    -- Words of `auth::Role`, space between.
    roles TEXT NOT NULL,
    -- PHC string; empty when the person signs in by other means only.
    password TEXT NOT NULL DEFAULT '',
    password_set BIGINT NOT NULL DEFAULT 0,
    must_change_password BIGINT NOT NULL DEFAULT 0,
    disabled BIGINT NOT NULL DEFAULT 0,
    language TEXT NOT NULL DEFAULT '',
    created BIGINT NOT NULL
);
CREATE INDEX person_organisation ON person (organisation);

CREATE TABLE session (
    -- SHA-256 of the cookie's value.
    id TEXT PRIMARY KEY NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    -- How the person proved who they are: password, password+totp, passkey, oidc.
    proof TEXT NOT NULL
);
CREATE INDEX session_person ON session (person);

CREATE TABLE api_token (
    id TEXT PRIMARY KEY NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    name TEXT NOT NULL,
    -- SHA-256 of the secret.
    secret TEXT NOT NULL UNIQUE,
    -- Words of `auth::Right`, space between.
    scopes TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL
);
CREATE INDEX api_token_person ON api_token (person);

-- Settings of the whole instance (organisation 'instance') or of one organisation; the value is JSON.
CREATE TABLE setting (
    organisation TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (organisation, name)
);

-- One Merkle log for each organisation, and one, 'instance', for what belongs to none.
CREATE TABLE ledger (
    organisation TEXT PRIMARY KEY NOT NULL,
    size BIGINT NOT NULL,
    frontier TEXT NOT NULL
);

CREATE TABLE ledger_entry (
    organisation TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The leaf's canonical bytes, which the log hashes.
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, sequence)
);
CREATE INDEX ledger_entry_subject ON ledger_entry (organisation, subject, sequence);

CREATE TABLE job (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- queued, running, done, failed, cancelled
    state TEXT NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    started BIGINT,
    finished BIGINT
);
CREATE INDEX job_state ON job (state, created);
CREATE INDEX job_organisation ON job (organisation, created);
