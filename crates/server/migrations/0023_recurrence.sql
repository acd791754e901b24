-- In the order in which they are shown: without the number SQLite walks all of an organisation's
-- findings in that order instead of looking the few up.
DROP INDEX finding_recurrence;
CREATE INDEX finding_recurrence ON finding (organisation, recurrence_of, number);
