-- Training: courses read, exams sat, certificates issued, sessions held, and what is asked of whom.

-- Whom training reaches. Somebody with an account has its id here; somebody without one (a
-- contractor on a list) is only here.
CREATE TABLE learner (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    -- Staff number; the account's name where there is one.
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    department TEXT NOT NULL DEFAULT '',
    -- Roles of the catalogue, a space before, between and behind.
    roles TEXT NOT NULL DEFAULT ' ',
    account BIGINT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (organisation, number)
);

-- Courses of one's own; every version is kept, the highest holds.
CREATE TABLE own_course (
    organisation TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- Name of a file → its text, as JSON.
    files TEXT NOT NULL,
    -- 1 where it is no longer offered.
    withdrawn BIGINT NOT NULL DEFAULT 0,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    PRIMARY KEY (organisation, id, version)
);

CREATE TABLE course_progress (
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    course TEXT NOT NULL,
    -- When this reading of it began; attempts at the exam count from here.
    since BIGINT NOT NULL,
    -- ' s1 s2 '
    sections TEXT NOT NULL,
    -- When everything had been read and every check answered.
    finished BIGINT,
    PRIMARY KEY (organisation, person, course)
);

CREATE TABLE course_check (
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    course TEXT NOT NULL,
    question TEXT NOT NULL,
    -- Places chosen, with commas.
    chosen TEXT NOT NULL,
    holds BIGINT NOT NULL,
    time BIGINT NOT NULL,
    PRIMARY KEY (organisation, person, course, question)
);

CREATE TABLE exam_attempt (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    -- course or track, and which.
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The attempt since the course was last read, from 1.
    number BIGINT NOT NULL,
    language TEXT NOT NULL,
    -- Seed, paper, answers, signals (hangtu_train::exam::Attempt); never leaves the server while
    -- it is open.
    body TEXT NOT NULL,
    -- open, over, or void where its questions went away.
    state TEXT NOT NULL,
    started BIGINT NOT NULL,
    -- When it ends by itself, the grace included.
    closes BIGINT NOT NULL,
    ended BIGINT,
    percent BIGINT,
    passed BIGINT NOT NULL DEFAULT 0,
    -- The marked paper (hangtu_train::exam::Marked).
    marked TEXT NOT NULL DEFAULT '',
    -- Where it was last worked on, to notice another place.
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);
CREATE INDEX exam_attempt_person ON exam_attempt (organisation, person, kind, subject);
CREATE INDEX exam_attempt_subject ON exam_attempt (organisation, kind, subject, state);
CREATE INDEX exam_attempt_closes ON exam_attempt (state, closes);
CREATE UNIQUE INDEX exam_attempt_open ON exam_attempt (organisation, person, kind, subject)
    WHERE state = 'open';

-- When a track's exam was last opened to somebody again.
CREATE TABLE track_opening (
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    track TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (organisation, person, track)
);

CREATE TABLE certificate (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    language TEXT NOT NULL,
    -- The attempt that earned it; empty for a track.
    attempt TEXT NOT NULL,
    issued BIGINT NOT NULL,
    until BIGINT NOT NULL,
    -- Its place in the status list, and which list.
    list BIGINT NOT NULL,
    place BIGINT NOT NULL,
    token TEXT NOT NULL,
    revoked BIGINT,
    revoked_name TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    -- When its holder was reminded of its end, once.
    reminded BIGINT,
    UNIQUE (organisation, list, place)
);
CREATE INDEX certificate_person ON certificate (organisation, person);

-- Who holds a role is to have a course, so many days after the rule or the person came.
CREATE TABLE training_rule (
    organisation TEXT NOT NULL,
    role TEXT NOT NULL,
    course TEXT NOT NULL,
    days BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (organisation, role, course)
);

-- A course asked of one person: by a finding, a drill's shortcoming, or somebody's word.
CREATE TABLE training_duty (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL,
    course TEXT NOT NULL,
    due BIGINT NOT NULL,
    -- finding, drill, session or person; and which.
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    label TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_name TEXT NOT NULL,
    withdrawn BIGINT
);
CREATE INDEX training_duty_person ON training_duty (organisation, person);

CREATE TABLE training_session (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    number BIGINT NOT NULL,
    title TEXT NOT NULL,
    -- Empty for one that is about no course.
    course TEXT NOT NULL,
    -- in_person or self_paced
    mode TEXT NOT NULL,
    place TEXT NOT NULL,
    starts BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    -- [[from, to], …]
    breaks TEXT NOT NULL,
    sign_out BIGINT NOT NULL,
    -- 1 where the course's exam is its quiz.
    quiz BIGINT NOT NULL,
    -- planned, announced, closed, cancelled
    state TEXT NOT NULL,
    trainer TEXT NOT NULL,
    trainer_name TEXT NOT NULL,
    -- What its codes are made from.
    secret TEXT NOT NULL,
    created BIGINT NOT NULL,
    UNIQUE (organisation, number)
);

CREATE TABLE session_seat (
    organisation TEXT NOT NULL,
    session TEXT NOT NULL REFERENCES training_session (id),
    person TEXT NOT NULL,
    enrolled BIGINT NOT NULL,
    PRIMARY KEY (session, person)
);
CREATE INDEX session_seat_person ON session_seat (organisation, person);

-- Who came when, who left when. Rows are added and at most declared void.
CREATE TABLE session_fact (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    session TEXT NOT NULL REFERENCES training_session (id),
    person TEXT NOT NULL,
    -- in or out
    what TEXT NOT NULL,
    time BIGINT NOT NULL,
    -- code or paper
    means TEXT NOT NULL,
    entered BIGINT NOT NULL,
    entered_name TEXT NOT NULL,
    voided BIGINT,
    why TEXT NOT NULL DEFAULT ''
);
CREATE INDEX session_fact_session ON session_fact (organisation, session);

-- Lists that were taken in, with what was wrong in them.
CREATE TABLE training_import (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Empty where it was no list for a session.
    session TEXT NOT NULL,
    rows_taken BIGINT NOT NULL,
    -- [{row, column, zh, en}]
    errors TEXT NOT NULL,
    created BIGINT NOT NULL,
    created_name TEXT NOT NULL
);

-- The learning record store.
CREATE TABLE xapi_statement (
    organisation TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    id TEXT NOT NULL,
    stored BIGINT NOT NULL,
    -- The statement it voids; empty for none.
    voids TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (organisation, sequence)
);
CREATE UNIQUE INDEX xapi_statement_id ON xapi_statement (organisation, id);
CREATE INDEX xapi_statement_voids ON xapi_statement (organisation, voids);

CREATE TABLE xapi_document (
    organisation TEXT NOT NULL,
    -- state, agent_profile or activity_profile, and its key as one text.
    resource TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    media TEXT NOT NULL,
    -- Base64.
    content TEXT NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (organisation, resource, owner, name)
);
