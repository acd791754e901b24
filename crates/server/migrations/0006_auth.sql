-- Second factors. A code generator's secret is sealed with the key file of the data folder, so that
-- a copy of the database alone does not give it away.

CREATE TABLE totp (
    person TEXT PRIMARY KEY NOT NULL REFERENCES person (id),
    organisation TEXT NOT NULL,
    secret TEXT NOT NULL,
    created BIGINT NOT NULL,
    -- The last time step whose code was used: each code serves once.
    step BIGINT NOT NULL
);

CREATE TABLE recovery_code (
    -- SHA-256 of the code.
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id)
);
CREATE INDEX recovery_code_person ON recovery_code (person);

CREATE TABLE passkey (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    name TEXT NOT NULL,
    -- The authenticator's name for it, base64url.
    credential TEXT NOT NULL UNIQUE,
    -- COSE algorithm (-7, -8) and the public key in hexadecimal.
    algorithm BIGINT NOT NULL,
    public_key TEXT NOT NULL,
    counter BIGINT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT
);
CREATE INDEX passkey_person ON passkey (person);
