-- Campaigns: what a supervisor asks of which enterprises, by when, and when each was shown to have done it.

CREATE TABLE campaign (
    id TEXT PRIMARY KEY NOT NULL,
    supervisor TEXT NOT NULL,
    -- Shown to people; counts up within the supervisor.
    number BIGINT NOT NULL,
    -- examination, drill, training
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Of a drill: the scenario, and the exercise that is to be held.
    scenario TEXT NOT NULL DEFAULT '',
    exercise TEXT NOT NULL DEFAULT '',
    -- Of a training: person-times each is to add.
    need BIGINT NOT NULL DEFAULT 0,
    -- The window.
    opens BIGINT NOT NULL,
    closes BIGINT NOT NULL,
    -- Which enterprises, as the address of the list said it.
    filter TEXT NOT NULL,
    members BIGINT NOT NULL,
    made BIGINT NOT NULL,
    person_name TEXT NOT NULL,
    called_off BIGINT,
    reminded BIGINT,
    UNIQUE (supervisor, number)
);

-- Who is asked, frozen when the campaign is made.
CREATE TABLE campaign_member (
    campaign TEXT NOT NULL REFERENCES campaign (id),
    supervisor TEXT NOT NULL,
    credit_code TEXT NOT NULL,
    -- Person-times when the campaign was made.
    baseline BIGINT NOT NULL,
    -- When it did what was asked, as its accepted facts show; the earliest they ever showed.
    done BIGINT,
    PRIMARY KEY (campaign, credit_code)
);
CREATE INDEX campaign_member_of ON campaign_member (supervisor, credit_code);
