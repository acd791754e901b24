-- Notices: what a supervisor tells enterprises (a warning, a correction order, a special assessment, an
-- interview held, a risk bulletin) and what becomes of it. The same tables hold what an enterprise with
-- an instance of its own took in as a file: `holder` says whose copy it is.

CREATE TABLE notice (
    id TEXT PRIMARY KEY NOT NULL,
    -- Who issued it: the organisation; of a copy, the verifier key that signed it.
    supervisor TEXT NOT NULL,
    issuer TEXT NOT NULL,
    -- The enterprise that holds this copy; empty where it was issued here.
    holder TEXT NOT NULL DEFAULT '',
    -- Its id where it was issued.
    issue TEXT NOT NULL,
    -- Shown to people; counts up within the supervisor.
    number BIGINT NOT NULL,
    -- warning, order, assessment, interview, bulletin
    kind TEXT NOT NULL,
    -- Of a warning: red, orange, yellow, blue.
    colour TEXT NOT NULL DEFAULT '',
    title_zh TEXT NOT NULL,
    title_en TEXT NOT NULL,
    -- Possible scope and harm; the facts of an order; why an interview was held.
    reason_zh TEXT NOT NULL,
    reason_en TEXT NOT NULL,
    -- What it says; the scope of an assessment; the minutes of an interview.
    text_zh TEXT NOT NULL,
    text_en TEXT NOT NULL,
    -- What is to be done.
    todo_zh TEXT NOT NULL,
    todo_en TEXT NOT NULL,
    basis_zh TEXT NOT NULL,
    basis_en TEXT NOT NULL,
    -- Of an interview: who took part.
    persons TEXT NOT NULL DEFAULT '',
    -- From when it holds; of an interview: when it was held.
    since BIGINT NOT NULL,
    until BIGINT,
    -- By when it is acknowledged.
    due BIGINT NOT NULL,
    -- JSON: what is to be done one by one, with limits; and how many there are.
    items TEXT NOT NULL,
    many BIGINT NOT NULL,
    -- Of a bulletin: rules (YAML), their ids with spaces between, SHA-256 of the text.
    pack TEXT NOT NULL DEFAULT '',
    rules TEXT NOT NULL DEFAULT '',
    pack_sha256 TEXT NOT NULL DEFAULT '',
    -- Which enterprises, as the address of the list said it; how many.
    filter TEXT NOT NULL DEFAULT '',
    members BIGINT NOT NULL,
    made BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    -- Counts the changes of what stands above and below, from 1.
    revision BIGINT NOT NULL DEFAULT 1,
    changed BIGINT,
    change_note TEXT NOT NULL DEFAULT '',
    lifted BIGINT,
    lift_note TEXT NOT NULL DEFAULT '',
    UNIQUE (holder, supervisor, issue)
);
CREATE INDEX notice_of ON notice (supervisor, holder, number);

-- Whom it was told, and how each stands.
CREATE TABLE notice_member (
    notice TEXT NOT NULL REFERENCES notice (id),
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    acknowledged BIGINT,
    ack_name TEXT NOT NULL DEFAULT '',
    ack_note TEXT NOT NULL DEFAULT '',
    -- Items answered and not decided, accepted, returned; the nearest limit of one that is owed.
    waiting BIGINT NOT NULL DEFAULT 0,
    accepted BIGINT NOT NULL DEFAULT 0,
    returned BIGINT NOT NULL DEFAULT 0,
    next_due BIGINT,
    -- Of a bulletin with rules: since when its rules are examined with; the last examination in which
    -- they looked; what they found, and what of it is open; for which moment that holds.
    applied BIGINT,
    examined BIGINT,
    found BIGINT NOT NULL DEFAULT 0,
    still_open BIGINT NOT NULL DEFAULT 0,
    told BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (notice, credit_code)
);
CREATE INDEX notice_member_of ON notice_member (supervisor, credit_code);
CREATE INDEX notice_member_code ON notice_member (credit_code);

-- Answers to items, round by round, and what was decided.
CREATE TABLE notice_reply (
    notice TEXT NOT NULL REFERENCES notice (id),
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    place BIGINT NOT NULL,
    round BIGINT NOT NULL,
    time BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    text TEXT NOT NULL,
    conclusion TEXT NOT NULL,
    -- JSON: findings by number, level and state; files by name, size and SHA-256.
    findings TEXT NOT NULL,
    files TEXT NOT NULL,
    -- answered, accepted, returned
    state TEXT NOT NULL,
    decided BIGINT,
    decided_name TEXT NOT NULL DEFAULT '',
    decided_text TEXT NOT NULL DEFAULT '',
    -- Of what was returned: the new limit.
    due BIGINT,
    PRIMARY KEY (notice, credit_code, place, round)
);

-- Files that an enterprise answers with. They stay with it; their hashes are told.
CREATE TABLE notice_file (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    notice TEXT NOT NULL REFERENCES notice (id),
    place BIGINT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    time BIGINT NOT NULL
);
CREATE INDEX notice_file_of ON notice_file (organisation, notice, place);
