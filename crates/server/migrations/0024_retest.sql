-- What a re-test must match beside the length of the evidence: seconds over which the run that saw the finding last
-- saw its asset, and the hash of what filters left out of its rule then; 0 and empty where no run said so.
ALTER TABLE finding ADD COLUMN seen BIGINT NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN filter TEXT NOT NULL DEFAULT '';
