-- Evidence and its examination.

-- A file on its way; what has arrived is in the data folder, not here.
CREATE TABLE upload (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX upload_organisation ON upload (organisation, created);

-- A stored file; the row outlives the file when it is deleted.
CREATE TABLE evidence (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    sha256 TEXT NOT NULL,
    -- As the sender called it: a text, never a path.
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    created BIGINT NOT NULL,
    deleted BIGINT,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX evidence_organisation ON evidence (organisation, created);
CREATE INDEX evidence_content ON evidence (sha256);

CREATE TABLE run (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    number BIGINT NOT NULL,
    job TEXT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    created BIGINT NOT NULL,
    -- Server folder or file below one; empty for stored evidence.
    folder TEXT NOT NULL,
    -- Why it failed, in both languages; empty while it did not.
    error_zh TEXT NOT NULL DEFAULT '',
    error_en TEXT NOT NULL DEFAULT '',
    -- What follows is set when it is done.
    examined BIGINT,
    first BIGINT,
    last BIGINT,
    complete BIGINT NOT NULL DEFAULT 0,
    records BIGINT NOT NULL DEFAULT 0,
    findings BIGINT NOT NULL DEFAULT 0,
    rules BIGINT NOT NULL DEFAULT 0,
    measured BIGINT NOT NULL DEFAULT 0,
    checks BIGINT NOT NULL DEFAULT 0,
    -- JSON: the inputs with hashes and damage, the coverage, findings by level and scenario, what
    -- the run did to the known findings, files of no known kind.
    inputs TEXT NOT NULL DEFAULT '[]',
    coverage TEXT NOT NULL DEFAULT '{}',
    tallies TEXT NOT NULL DEFAULT '{}',
    outcome TEXT NOT NULL DEFAULT '{}',
    others TEXT NOT NULL DEFAULT '[]',
    UNIQUE (organisation, number)
);

-- The stored evidence a run was started over.
CREATE TABLE run_evidence (
    run TEXT NOT NULL REFERENCES run (id),
    organisation TEXT NOT NULL,
    evidence TEXT NOT NULL REFERENCES evidence (id),
    PRIMARY KEY (run, evidence)
);
CREATE INDEX run_evidence_evidence ON run_evidence (organisation, evidence);

-- What a run observed of each control point.
CREATE TABLE observation (
    run TEXT NOT NULL REFERENCES run (id),
    organisation TEXT NOT NULL,
    control TEXT NOT NULL,
    -- measured, not-measured, error
    status TEXT NOT NULL,
    findings BIGINT NOT NULL,
    time BIGINT NOT NULL,
    -- Whether no later run could speak about it.
    latest BIGINT NOT NULL,
    PRIMARY KEY (run, control)
);
CREATE INDEX observation_latest ON observation (organisation, latest, control);
