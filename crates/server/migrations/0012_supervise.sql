-- What an organisation is: an enterprise, or one that supervises enterprises.
ALTER TABLE organisation ADD COLUMN kind TEXT NOT NULL DEFAULT 'enterprise';

-- The roster: who is supervised. The columns from `invited` on say how each stands and are kept in
-- the same change as what they follow from.
CREATE TABLE supervised (
    supervisor TEXT NOT NULL REFERENCES organisation (id),
    credit_code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Code of a region of the catalogue.
    region TEXT NOT NULL,
    city TEXT NOT NULL DEFAULT '',
    -- GB/T 4754 division.
    industry TEXT NOT NULL,
    above_scale BIGINT NOT NULL,
    -- Yuan of the latest year there is.
    revenue BIGINT,
    revenue_year BIGINT,
    -- active, merged, split, closed
    status TEXT NOT NULL,
    -- Credit code of who goes on in its place; empty for nobody.
    successor TEXT NOT NULL DEFAULT '',
    -- Name and code in small letters.
    search TEXT NOT NULL,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    invited BIGINT,
    submitted BIGINT,
    accepted BIGINT,
    -- The moment for which its newest accepted facts hold.
    as_of BIGINT,
    graded BIGINT NOT NULL DEFAULT 0,
    -- Whether it belongs to the target set in force.
    target BIGINT NOT NULL DEFAULT 0,
    open BIGINT NOT NULL DEFAULT 0,
    majors BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (supervisor, credit_code)
);
CREATE INDEX supervised_area ON supervised (supervisor, region, industry, status);
CREATE INDEX supervised_industry ON supervised (supervisor, industry, status);
CREATE INDEX supervised_name ON supervised (supervisor, status, name);
CREATE INDEX supervised_revenue_order ON supervised (supervisor, revenue);
CREATE INDEX supervised_as_of ON supervised (supervisor, as_of);

CREATE TABLE supervised_revenue (
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    year BIGINT NOT NULL,
    yuan BIGINT NOT NULL,
    PRIMARY KEY (supervisor, credit_code, year)
);

CREATE TABLE supervised_history (
    id TEXT PRIMARY KEY NOT NULL,
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    time BIGINT NOT NULL,
    -- add, rename, move, scale, merge, split, close, reopen
    kind TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    note TEXT NOT NULL,
    person_name TEXT NOT NULL
);
CREATE INDEX supervised_history_of ON supervised_history (supervisor, credit_code, time);

CREATE TABLE roster_import (
    id TEXT PRIMARY KEY NOT NULL,
    supervisor TEXT NOT NULL,
    time BIGINT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    person_name TEXT NOT NULL,
    dry BIGINT NOT NULL,
    -- lines, added, changed, same, refused
    lines BIGINT NOT NULL,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    same BIGINT NOT NULL,
    refused BIGINT NOT NULL
);
CREATE INDEX roster_import_of ON roster_import (supervisor, time);

CREATE TABLE roster_fault (
    import TEXT NOT NULL REFERENCES roster_import (id),
    line BIGINT NOT NULL,
    place BIGINT NOT NULL,
    field TEXT NOT NULL,
    value TEXT NOT NULL,
    why_zh TEXT NOT NULL,
    why_en TEXT NOT NULL,
    PRIMARY KEY (import, line, place)
);

-- Target sets, frozen by version.
CREATE TABLE target_set (
    supervisor TEXT NOT NULL,
    version BIGINT NOT NULL,
    year BIGINT NOT NULL,
    percent BIGINT NOT NULL,
    rounding TEXT NOT NULL,
    ties TEXT NOT NULL,
    eligible BIGINT NOT NULL,
    without_revenue BIGINT NOT NULL,
    members BIGINT NOT NULL,
    frozen BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    PRIMARY KEY (supervisor, version)
);

-- Everybody who was looked at, so that a difference can be explained.
CREATE TABLE target_place (
    supervisor TEXT NOT NULL,
    version BIGINT NOT NULL,
    credit_code TEXT NOT NULL,
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    member BIGINT NOT NULL,
    -- ranked, below, included, excluded, not_above, no_revenue
    why TEXT NOT NULL,
    reason TEXT NOT NULL,
    revenue BIGINT,
    place BIGINT,
    of_all BIGINT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (supervisor, version, credit_code)
);

CREATE TABLE target_override (
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    -- include, exclude
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    time BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    PRIMARY KEY (supervisor, credit_code)
);

-- The newest accepted facts of each enterprise, whole and taken apart.
CREATE TABLE held (
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    as_of BIGINT NOT NULL,
    -- SHA-256 of the body: settles which counts where two hold for one moment.
    digest TEXT NOT NULL,
    taken BIGINT NOT NULL,
    body TEXT NOT NULL,
    graded BIGINT NOT NULL,
    filed BIGINT NOT NULL,
    runs BIGINT NOT NULL,
    assets BIGINT NOT NULL,
    important BIGINT NOT NULL,
    core BIGINT NOT NULL,
    ungraded BIGINT NOT NULL,
    checks_total BIGINT NOT NULL,
    checks_measured BIGINT NOT NULL,
    checks_errored BIGINT NOT NULL,
    checks_stale BIGINT NOT NULL,
    checks_never BIGINT NOT NULL,
    not_applicable BIGINT NOT NULL,
    person_times BIGINT NOT NULL,
    persons BIGINT NOT NULL,
    professionals BIGINT NOT NULL,
    PRIMARY KEY (supervisor, credit_code)
);

CREATE TABLE held_risk (
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    scenario TEXT NOT NULL,
    level TEXT NOT NULL,
    open BIGINT NOT NULL,
    overdue BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    corrected BIGINT NOT NULL,
    proven BIGINT NOT NULL,
    PRIMARY KEY (supervisor, credit_code, scenario, level)
);
CREATE INDEX held_risk_cell ON held_risk (supervisor, scenario, level, open);

CREATE TABLE held_major (
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    id TEXT NOT NULL,
    scenario TEXT NOT NULL,
    -- Month in which it was found, 2026-11.
    month TEXT NOT NULL,
    closed BIGINT NOT NULL,
    PRIMARY KEY (supervisor, credit_code, id)
);
CREATE INDEX held_major_month ON held_major (supervisor, month, closed);

CREATE TABLE held_drill (
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    scenario TEXT NOT NULL,
    last BIGINT NOT NULL,
    shortcomings BIGINT NOT NULL,
    PRIMARY KEY (supervisor, credit_code, scenario)
);
CREATE INDEX held_drill_scenario ON held_drill (supervisor, scenario);

-- Sums of the above over the enterprises in operation, moved in the same change as what they sum.
CREATE TABLE sum_area (
    supervisor TEXT NOT NULL,
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    registered BIGINT NOT NULL,
    above BIGINT NOT NULL,
    target BIGINT NOT NULL,
    invited BIGINT NOT NULL,
    submitted BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    graded BIGINT NOT NULL,
    target_graded BIGINT NOT NULL,
    filed BIGINT NOT NULL,
    examined BIGINT NOT NULL,
    drilled BIGINT NOT NULL,
    assets BIGINT NOT NULL,
    important BIGINT NOT NULL,
    core BIGINT NOT NULL,
    ungraded BIGINT NOT NULL,
    checks_total BIGINT NOT NULL,
    checks_measured BIGINT NOT NULL,
    checks_errored BIGINT NOT NULL,
    checks_stale BIGINT NOT NULL,
    checks_never BIGINT NOT NULL,
    not_applicable BIGINT NOT NULL,
    person_times BIGINT NOT NULL,
    persons BIGINT NOT NULL,
    professionals BIGINT NOT NULL,
    PRIMARY KEY (supervisor, region, industry)
);

CREATE TABLE sum_risk (
    supervisor TEXT NOT NULL,
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    scenario TEXT NOT NULL,
    level TEXT NOT NULL,
    -- Enterprises with at least one open.
    enterprises BIGINT NOT NULL,
    open BIGINT NOT NULL,
    overdue BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    corrected BIGINT NOT NULL,
    proven BIGINT NOT NULL,
    PRIMARY KEY (supervisor, region, industry, scenario, level)
);

CREATE TABLE sum_drill (
    supervisor TEXT NOT NULL,
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    scenario TEXT NOT NULL,
    enterprises BIGINT NOT NULL,
    shortcomings BIGINT NOT NULL,
    PRIMARY KEY (supervisor, region, industry, scenario)
);

CREATE TABLE sum_major (
    supervisor TEXT NOT NULL,
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    month TEXT NOT NULL,
    open BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    PRIMARY KEY (supervisor, region, industry, month)
);

-- Counts every change of the picture, so that a reader knows whether what it holds is fresh.
CREATE TABLE sum_turn (
    supervisor TEXT PRIMARY KEY NOT NULL,
    turn BIGINT NOT NULL
);

-- The totals at the end of each day.
CREATE TABLE sum_day (
    supervisor TEXT NOT NULL,
    -- 2026-11-28, by the plan's clock.
    day TEXT NOT NULL,
    registered BIGINT NOT NULL,
    accepted BIGINT NOT NULL,
    graded BIGINT NOT NULL,
    target_graded BIGINT NOT NULL,
    person_times BIGINT NOT NULL,
    professionals BIGINT NOT NULL,
    majors_open BIGINT NOT NULL,
    majors_closed BIGINT NOT NULL,
    PRIMARY KEY (supervisor, day)
);

-- The picture as it was frozen for the yearly report.
CREATE TABLE yearly (
    id TEXT PRIMARY KEY NOT NULL,
    supervisor TEXT NOT NULL,
    year BIGINT NOT NULL,
    frozen BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX yearly_of ON yearly (supervisor, frozen);

-- Random inspections, with everything needed to draw them again.
CREATE TABLE draw (
    id TEXT PRIMARY KEY NOT NULL,
    supervisor TEXT NOT NULL,
    time BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    seed TEXT NOT NULL,
    many BIGINT NOT NULL,
    each_one BIGINT NOT NULL,
    -- JSON: the credit codes and the inspectors' accounts drawn from, in order.
    enterprises TEXT NOT NULL,
    inspectors TEXT NOT NULL
);
CREATE INDEX draw_of ON draw (supervisor, time);

CREATE TABLE drawn (
    draw TEXT NOT NULL REFERENCES draw (id),
    supervisor TEXT NOT NULL,
    place BIGINT NOT NULL,
    credit_code TEXT NOT NULL,
    -- Account of an inspector.
    inspector TEXT NOT NULL,
    PRIMARY KEY (draw, place, inspector)
);
CREATE INDEX drawn_inspector ON drawn (supervisor, inspector);
