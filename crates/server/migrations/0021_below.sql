-- Organisations below another one in the same instance: a nation's provinces, a province's cities, the
-- small enterprises that a regulator hosts.

-- Id of the supervising organisation it stands below; empty for none.
ALTER TABLE organisation ADD COLUMN parent TEXT NOT NULL DEFAULT '';
CREATE INDEX organisation_parent ON organisation (parent);
CREATE INDEX organisation_code ON organisation (credit_code);
-- An enterprise works here once, whoever sets it up at the same moment.
CREATE UNIQUE INDEX organisation_enterprise ON organisation (credit_code)
    WHERE kind = 'enterprise' AND credit_code <> '';

-- Links with which an organisation below is set up, each once.
CREATE TABLE set_up_link (
    id TEXT PRIMARY KEY NOT NULL,
    -- Whom it will stand below.
    organisation TEXT NOT NULL REFERENCES organisation (id),
    -- SHA-256 of the link's code.
    code TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    -- What it is for, as who made it wrote.
    label TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    -- Id of the organisation that was set up with it; empty for none yet.
    made TEXT NOT NULL DEFAULT ''
);
CREATE INDEX set_up_link_of ON set_up_link (organisation, created);

-- Id of the supervising organisation where it works in this instance; packages then take no network.
ALTER TABLE submit_to ADD COLUMN inside TEXT NOT NULL DEFAULT '';

-- A package that shall be sent and could not yet: when it is tried again, how often it was, why not.
ALTER TABLE submission ADD COLUMN send_next BIGINT;
ALTER TABLE submission ADD COLUMN send_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE submission ADD COLUMN send_why TEXT NOT NULL DEFAULT '';
CREATE INDEX submission_send ON submission (send_next);
