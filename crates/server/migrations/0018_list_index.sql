-- Lists of 100,000 findings without a walk through the table: what is counted, sorted and filtered by
-- stands whole in an index, its page of ids is taken from there, and only that page is read.

DROP INDEX finding_work;
DROP INDEX finding_level;
DROP INDEX finding_state;
DROP INDEX finding_owner;
DROP INDEX finding_due;

CREATE INDEX finding_work ON finding
    (organisation, work, level_rank, last_seen, number, scenario, state, owner, due, asked, id);
CREATE INDEX finding_level ON finding
    (organisation, level_rank, last_seen, number, work, scenario, state, owner, due, asked, id);
CREATE INDEX finding_state ON finding (organisation, state, level, scenario, work, number, id);
CREATE INDEX finding_owner ON finding (organisation, owner, work, due, number, id);
CREATE INDEX finding_due ON finding (organisation, work, due, level_rank, number);
CREATE INDEX finding_recurrence ON finding (organisation, recurrence_of);

-- Texts from evidence are of any length, an entry of an index in PostgreSQL is not.
CREATE INDEX finding_subject ON finding (organisation, substr(subject, 1, 200), number, id);
UPDATE finding SET search = substr(search, 1, 600);
CREATE INDEX finding_search ON finding
    (organisation, work, search, level_rank, last_seen, number, id);

-- The roster: what its lists are filtered and sorted by, in the order in which they open.
DROP INDEX supervised_name;
CREATE INDEX supervised_name ON supervised
    (supervisor, status, name, credit_code, region, industry, above_scale, target, graded, invited,
     submitted, as_of, open, majors, revenue, search);

DROP INDEX held_risk_cell;
CREATE INDEX held_risk_cell ON held_risk (supervisor, scenario, level, open, credit_code);
DROP INDEX held_major_month;
CREATE INDEX held_major_month ON held_major (supervisor, month, closed, credit_code);
DROP INDEX held_drill_scenario;
CREATE INDEX held_drill_scenario ON held_drill (supervisor, scenario, credit_code);
CREATE INDEX held_runs ON held (supervisor, runs, credit_code);
