-- Authorisations: one row for each entry of the authorisations file, with what is proposed for it.

CREATE TABLE authorisation (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    -- A list of the authorisations file: zones, assets, people, stations, work_orders, …
    register TEXT NOT NULL,
    -- Its id in the file (a zone's name).
    reference TEXT NOT NULL,
    -- What people call it.
    title TEXT NOT NULL,
    -- The approved entry as JSON; empty while none was approved.
    entry TEXT NOT NULL DEFAULT '',
    valid_from BIGINT,
    valid_to BIGINT,
    approved_by TEXT NOT NULL DEFAULT '',
    approved_name TEXT NOT NULL DEFAULT '',
    approved_at BIGINT NOT NULL DEFAULT 0,
    revoked BIGINT NOT NULL DEFAULT 0,
    -- What waits for a second person: '', add, change, revoke; and, refused, why.
    proposal TEXT NOT NULL DEFAULT '',
    -- The proposed entry as JSON.
    proposed TEXT NOT NULL DEFAULT '',
    proposed_by TEXT NOT NULL DEFAULT '',
    proposed_name TEXT NOT NULL DEFAULT '',
    proposed_at BIGINT NOT NULL DEFAULT 0,
    refused TEXT NOT NULL DEFAULT '',
    -- Counts what happens to the row, so that nobody approves what they did not see.
    revision BIGINT NOT NULL DEFAULT 1,
    closed_at BIGINT NOT NULL DEFAULT 0,
    closed_name TEXT NOT NULL DEFAULT '',
    closed_note TEXT NOT NULL DEFAULT '',
    -- What was observed in the window, as JSON, as it was when it was closed.
    observed TEXT NOT NULL DEFAULT '',
    created BIGINT NOT NULL,
    UNIQUE (organisation, register, reference)
);
CREATE INDEX authorisation_until ON authorisation (organisation, valid_to);
