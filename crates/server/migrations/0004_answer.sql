-- Rounds of the questionnaire: claims, kept apart from what evidence shows.

CREATE TABLE answer_round (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    number BIGINT NOT NULL,
    -- Versions of the questions as they were asked.
    content TEXT NOT NULL,
    opened BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    opened_name TEXT NOT NULL,
    finished BIGINT,
    finished_name TEXT NOT NULL DEFAULT '',
    -- What it did to the findings when it was finished.
    findings_opened BIGINT NOT NULL DEFAULT 0,
    findings_seen BIGINT NOT NULL DEFAULT 0,
    findings_closed BIGINT NOT NULL DEFAULT 0,
    UNIQUE (organisation, number)
);
-- One at a time.
CREATE UNIQUE INDEX answer_round_open ON answer_round (organisation) WHERE finished IS NULL;

CREATE TABLE answer (
    organisation TEXT NOT NULL,
    round TEXT NOT NULL REFERENCES answer_round (id),
    control TEXT NOT NULL,
    -- Id of the choice; empty while the question is blank.
    choice TEXT NOT NULL DEFAULT '',
    -- met, partly, unmet, not-applicable; empty while blank.
    means TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    -- Person who is to answer; empty for nobody.
    assigned TEXT NOT NULL DEFAULT '',
    due BIGINT,
    -- Counts the saves: who saves says which one they saw.
    version BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL DEFAULT 0,
    changed_name TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (round, control)
);
CREATE INDEX answer_organisation ON answer (organisation, round);

CREATE TABLE answer_attachment (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    round TEXT NOT NULL REFERENCES answer_round (id),
    control TEXT NOT NULL,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    added BIGINT NOT NULL,
    added_name TEXT NOT NULL,
    -- When it was taken away; the file is kept.
    removed BIGINT
);
CREATE INDEX answer_attachment_round ON answer_attachment (organisation, round);

-- Why a claim and an observation that seem to contradict each other both hold. Rows are only added.
CREATE TABLE answer_reason (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    round TEXT NOT NULL REFERENCES answer_round (id),
    control TEXT NOT NULL,
    means TEXT NOT NULL,
    -- The run that observed.
    run TEXT NOT NULL,
    reason TEXT NOT NULL,
    given BIGINT NOT NULL,
    given_name TEXT NOT NULL
);
CREATE INDEX answer_reason_round ON answer_reason (organisation, round);
