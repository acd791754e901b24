-- Technical simulations begun from the server: decoys attacked, what was noticed, stopped, restored.

CREATE TABLE simulation (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    -- Shown to people; counts up within the organisation.
    number BIGINT NOT NULL,
    person TEXT NOT NULL,
    person_name TEXT NOT NULL,
    created BIGINT NOT NULL,
    -- Where it makes its own directory, how it behaves, whom to call.
    folder TEXT NOT NULL,
    profile TEXT NOT NULL,
    files BIGINT NOT NULL,
    contact TEXT NOT NULL,
    -- The drill whose log its measures go to; empty for none.
    drill TEXT NOT NULL DEFAULT '',
    -- running, done, failed (it did not begin), broken-off (the program ended under it).
    state TEXT NOT NULL,
    -- Its own directory, once there is one: what is put back when the program ended under it.
    directory TEXT NOT NULL DEFAULT '',
    ended BIGINT,
    error_zh TEXT NOT NULL DEFAULT '',
    error_en TEXT NOT NULL DEFAULT '',
    -- hangtu.drill.result/1
    result TEXT NOT NULL DEFAULT '',
    UNIQUE (organisation, number)
);
CREATE INDEX simulation_state ON simulation (state);
