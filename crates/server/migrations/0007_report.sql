-- Frozen reports: the facts they were made from and every file made of them, each with its hash.

CREATE TABLE report (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    -- From 1 in each organisation and year; people read it as 2026-0001.
    year BIGINT NOT NULL,
    number BIGINT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    created BIGINT NOT NULL,
    -- SHA-256 of the facts.
    facts TEXT NOT NULL,
    UNIQUE (organisation, year, number)
);

CREATE TABLE report_file (
    report TEXT NOT NULL REFERENCES report (id),
    organisation TEXT NOT NULL,
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (report, name)
);
