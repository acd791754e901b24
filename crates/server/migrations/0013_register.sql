-- The data catalogue (Measures, Arts 7 and 12): what data there are, never their content.

CREATE TABLE data_asset (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    -- Shown to people; counts up within the organisation.
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- rnd, production, management, om, service
    category TEXT NOT NULL,
    subcategory TEXT NOT NULL,
    -- general, important, core; empty while it is not graded
    level TEXT NOT NULL,
    reason TEXT NOT NULL,
    source TEXT NOT NULL,
    owner TEXT NOT NULL,
    department TEXT NOT NULL,
    -- Absent where nobody counted.
    entries BIGINT,
    bytes BIGINT,
    carrier TEXT NOT NULL,
    purpose TEXT NOT NULL,
    scope TEXT NOT NULL,
    sharing TEXT NOT NULL,
    cross_border BIGINT NOT NULL,
    measures TEXT NOT NULL,
    created BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    -- Removed ones stay, for their history.
    removed BIGINT,
    UNIQUE (organisation, number)
);
CREATE UNIQUE INDEX data_asset_name ON data_asset (organisation, name) WHERE removed IS NULL;

-- The filing of the catalogue with the local regulator, as it stands; its history is in the ledger.
CREATE TABLE data_filing (
    organisation TEXT PRIMARY KEY NOT NULL REFERENCES organisation (id),
    number TEXT NOT NULL,
    -- 2026-03-02; empty while it is not filed
    date TEXT NOT NULL,
    authority TEXT NOT NULL,
    changed BIGINT NOT NULL,
    person_name TEXT NOT NULL
);
