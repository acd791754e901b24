-- Passkeys. The table of the second factors was never written; this one keeps what the library that
-- verifies them asks for.

DROP TABLE passkey;

CREATE TABLE passkey (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    -- What its owner calls it.
    name TEXT NOT NULL,
    -- The authenticator's name for it, base64url.
    credential TEXT NOT NULL UNIQUE,
    -- The public key and what never changes, in hexadecimal (webauthn_rp `StaticState`).
    fixed TEXT NOT NULL,
    -- The signature counter and what may change, in hexadecimal (webauthn_rp `DynamicState`).
    state TEXT NOT NULL,
    -- How it can be reached (webauthn_rp `AuthTransports`).
    transports BIGINT NOT NULL,
    created BIGINT NOT NULL,
    used BIGINT
);
CREATE INDEX passkey_person ON passkey (person);
