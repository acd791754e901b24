-- Drills. What happened in one stands in the ledger, and nowhere else: its entries have the subject
-- drill/<id>, and everything a page shows is computed from them.

CREATE TABLE drill (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    -- Shown to people; counts up within the organisation.
    number BIGINT NOT NULL,
    -- The exercise as it was when the drill was drawn up: its id, its file, the hash of it.
    exercise TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    -- ' ransomware '
    scenarios TEXT NOT NULL,
    -- The style of a rehearsal with scripted players; empty for a drill of people.
    style TEXT NOT NULL DEFAULT '',
    -- 1: injects go out by the clock; 0: the director sends each.
    automatic BIGINT NOT NULL,
    created BIGINT NOT NULL,
    -- These follow from the log and are kept for lists and the sweeper: the state, the moment at
    -- which something happens by itself, when it ended, what serves to sort.
    state TEXT NOT NULL,
    next BIGINT,
    ended BIGINT,
    score BIGINT,
    shortcomings BIGINT NOT NULL DEFAULT 0,
    UNIQUE (organisation, number)
);
CREATE INDEX drill_next ON drill (next);
CREATE INDEX drill_organisation ON drill (organisation, ended);

-- Who plays, for the participant's own page.
CREATE TABLE drill_part (
    drill TEXT NOT NULL REFERENCES drill (id),
    organisation TEXT NOT NULL,
    role TEXT NOT NULL,
    person TEXT NOT NULL,
    PRIMARY KEY (drill, role)
);
CREATE INDEX drill_part_person ON drill_part (organisation, person);

-- Exercises of one's own.
CREATE TABLE exercise (
    organisation TEXT NOT NULL,
    id TEXT NOT NULL,
    content TEXT NOT NULL,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    PRIMARY KEY (organisation, id)
);
