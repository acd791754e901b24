-- Single sign-on: the providers of an organisation (OpenID Connect), and whose identity is whose.

CREATE TABLE sso_provider (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    client TEXT NOT NULL,
    -- The client's secret, sealed with the key file of the data folder; empty for none.
    secret TEXT NOT NULL DEFAULT '',
    enabled BIGINT NOT NULL DEFAULT 1,
    created BIGINT NOT NULL
);
CREATE INDEX sso_provider_organisation ON sso_provider (organisation);

CREATE TABLE sso_identity (
    id TEXT PRIMARY KEY NOT NULL,
    organisation TEXT NOT NULL,
    provider TEXT NOT NULL REFERENCES sso_provider (id),
    -- The provider's name for somebody (`sub`), never an e-mail address.
    subject TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES person (id),
    created BIGINT NOT NULL,
    used BIGINT,
    UNIQUE (provider, subject)
);
CREATE INDEX sso_identity_person ON sso_identity (person);
