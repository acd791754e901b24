-- Training: courses of other makers (cmi5), learning records with attachments and sent on to another
-- store, certificates of others.

-- cmi5 packages taken in; every version is kept, the highest holds.
CREATE TABLE cmi5_course (
    organisation TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- hangtu_train::exchange::cmi5::CourseStructure, as JSON.
    structure TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    summary_zh TEXT NOT NULL,
    summary_en TEXT NOT NULL,
    minutes BIGINT NOT NULL,
    months BIGINT NOT NULL,
    -- Names of scenarios, with spaces.
    scenarios TEXT NOT NULL,
    -- 1 where it is no longer offered.
    withdrawn BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    PRIMARY KEY (organisation, id, version)
);

-- The files of a package, once each under their SHA-256 in the data folder.
CREATE TABLE cmi5_file (
    organisation TEXT NOT NULL,
    course TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (organisation, course, version, name)
);

-- One going through a course by one person.
CREATE TABLE cmi5_registration (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    course TEXT NOT NULL,
    -- Publisher's id of a unit → hangtu_train::exchange::cmi5::Progress and best score, as JSON.
    progress TEXT NOT NULL,
    started BIGINT NOT NULL,
    -- When everything that the course asks for had been met.
    satisfied BIGINT
);
CREATE INDEX cmi5_registration_person ON cmi5_registration (organisation, person, course);
CREATE UNIQUE INDEX cmi5_registration_open ON cmi5_registration (organisation, person, course)
    WHERE satisfied IS NULL;

-- One launch of one unit. Of its three secrets only the hashes are kept.
CREATE TABLE cmi5_session (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    course TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- Place of the unit in the structure, from 0.
    unit BIGINT NOT NULL,
    registration TEXT NOT NULL REFERENCES cmi5_registration (id),
    -- Stands in the path of its files.
    files TEXT NOT NULL UNIQUE,
    -- Gives the token, once; quoted, since it is a word of PostgreSQL's.
    "fetch" TEXT NOT NULL UNIQUE,
    fetched BIGINT,
    -- Opens the record store; empty until it was fetched.
    token TEXT NOT NULL DEFAULT '',
    -- hangtu_train::exchange::cmi5::Session, as JSON.
    body TEXT NOT NULL,
    statements BIGINT NOT NULL DEFAULT 0,
    bytes BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL,
    until BIGINT NOT NULL,
    ended BIGINT
);
CREATE INDEX cmi5_session_token ON cmi5_session (token);
CREATE INDEX cmi5_session_registration ON cmi5_session (organisation, registration, unit);

-- Courses completed by other means than an exam of ours. Rows are only added.
CREATE TABLE course_done (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    course TEXT NOT NULL,
    time BIGINT NOT NULL,
    -- cmi5, and its registration.
    means TEXT NOT NULL,
    source TEXT NOT NULL,
    -- Mean of the units' best scaled scores, in percent, where some were told.
    percent BIGINT,
    UNIQUE (organisation, means, source)
);
CREATE INDEX course_done_person ON course_done (organisation, person, course);

-- What statements have attached, once under its SHA-2 (hex).
CREATE TABLE xapi_attachment (
    organisation TEXT NOT NULL,
    sha2 TEXT NOT NULL,
    media TEXT NOT NULL,
    -- Base64.
    content TEXT NOT NULL,
    stored BIGINT NOT NULL,
    PRIMARY KEY (organisation, sha2)
);

-- Definitions of activities as they were last told.
CREATE TABLE xapi_activity (
    organisation TEXT NOT NULL,
    -- SHA-256 of the id, which may be long.
    hash TEXT NOT NULL,
    definition TEXT NOT NULL,
    PRIMARY KEY (organisation, hash)
);

-- What the seat itself records, and where records are sent on to.
CREATE TABLE xapi_out (
    organisation TEXT PRIMARY KEY NOT NULL,
    -- 1: what the seat knows becomes statements; answers: each answer too.
    record BIGINT NOT NULL,
    answers BIGINT NOT NULL,
    -- Base address of the other store; empty for none.
    address TEXT NOT NULL,
    account TEXT NOT NULL,
    -- Sealed with keys/vault.key.
    secret TEXT NOT NULL,
    version TEXT NOT NULL,
    -- Sequence of the last statement that was taken there.
    sent BIGINT NOT NULL DEFAULT 0,
    -- Failures one after the other, the last problem, when it was tried and will be again.
    failures BIGINT NOT NULL DEFAULT 0,
    problem TEXT NOT NULL DEFAULT '',
    -- Statements that the other store would not have, and why the last of them.
    skipped BIGINT NOT NULL DEFAULT 0,
    skipped_why TEXT NOT NULL DEFAULT '',
    tried BIGINT,
    again BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL
);

-- Which facts have become statements.
ALTER TABLE exam_attempt ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE course_progress ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE certificate ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE session_seat ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
CREATE INDEX exam_attempt_told ON exam_attempt (organisation) WHERE told = 0 AND state = 'over';
CREATE INDEX course_progress_told ON course_progress (organisation)
    WHERE told = 0 AND finished IS NOT NULL;
CREATE INDEX certificate_told ON certificate (organisation) WHERE told = 0;

-- Certificates of others that people hold.
CREATE TABLE outside_certificate (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    -- Id of its kind in training.yml.
    kind TEXT NOT NULL,
    number TEXT NOT NULL,
    issuer TEXT NOT NULL,
    -- Days, as 2026-11-29; the last empty for none.
    issued TEXT NOT NULL,
    expires TEXT NOT NULL,
    file_name TEXT NOT NULL,
    -- SHA-256; the bytes stand in the data folder.
    file TEXT NOT NULL,
    -- waiting, approved, refused, withdrawn
    state TEXT NOT NULL,
    recorded BIGINT NOT NULL,
    recorder TEXT NOT NULL,
    recorder_name TEXT NOT NULL,
    decided BIGINT,
    decider_name TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outside_certificate_person ON outside_certificate (organisation, person);
-- One certificate is one person's, once.
CREATE UNIQUE INDEX outside_certificate_number ON outside_certificate (organisation, kind, number)
    WHERE state IN ('waiting', 'approved');

-- The last place given out in the record store: writers wait for each other here.
CREATE TABLE xapi_head (
    organisation TEXT PRIMARY KEY NOT NULL,
    last BIGINT NOT NULL
);

-- What most queries ask for. Rows from before count as referring to others: they are looked at.
ALTER TABLE xapi_statement ADD COLUMN registration TEXT NOT NULL DEFAULT '';
ALTER TABLE xapi_statement ADD COLUMN verb TEXT NOT NULL DEFAULT '';
ALTER TABLE xapi_statement ADD COLUMN refers BIGINT NOT NULL DEFAULT 1;
CREATE INDEX xapi_statement_registration ON xapi_statement (organisation, registration, sequence);
