-- Accepted submissions on their way into history (Parquet files on an object store): one row for each,
-- entered in the change that accepts it.
CREATE TABLE history_due (
    supervisor TEXT NOT NULL REFERENCES organisation (id),
    intake TEXT NOT NULL,
    -- The organisation whose intake holds the package: of what was passed up, the one below.
    holder TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    -- Where the enterprise stood then.
    region TEXT NOT NULL,
    industry TEXT NOT NULL,
    accepted BIGINT NOT NULL,
    -- Number of the part it was put into; 0: none yet.
    part BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (supervisor, intake)
);
CREATE INDEX history_due_part ON history_due (supervisor, part, accepted);

-- The mark: parts that were begun, and those that are written whole.
CREATE TABLE history_part (
    supervisor TEXT NOT NULL REFERENCES organisation (id),
    number BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    submissions BIGINT NOT NULL,
    -- When its files were all there; 0: not yet.
    written BIGINT NOT NULL DEFAULT 0,
    files BIGINT NOT NULL DEFAULT 0,
    row_count BIGINT NOT NULL DEFAULT 0,
    bytes BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (supervisor, number)
);

-- What was accepted before there was a history, for its own supervisor and for those above in the same
-- instance.
WITH RECURSIVE above (holder, supervisor) AS (
    SELECT id, id FROM organisation
    UNION
    SELECT a.holder, o.parent FROM above a JOIN organisation o ON o.id = a.supervisor
    WHERE o.parent <> ''
)
INSERT INTO history_due (supervisor, intake, holder, credit_code, region, industry, accepted)
SELECT a.supervisor, i.id, i.organisation, i.code, s.region, s.industry, i.reviewed
FROM intake i JOIN above a ON a.holder = i.organisation
JOIN supervised s ON s.supervisor = a.supervisor AND s.credit_code = i.code
WHERE i.state = 'accepted' AND i.reviewed IS NOT NULL;
