-- Apps, grants, and when a connection was last used. Conventions as in the first file.

CREATE TABLE apps (
    id                     TEXT NOT NULL PRIMARY KEY,
    name                   TEXT NOT NULL COLLATE NOCASE UNIQUE,
    provider               TEXT NOT NULL,
    environment            TEXT NOT NULL,
    registration           TEXT NOT NULL CHECK (json_type(registration) = 'object'),
    previous_registration  TEXT CHECK (json_type(previous_registration) = 'object'),
    created_at             TEXT NOT NULL,
    updated_at             TEXT NOT NULL,
    sealed_secret          BLOB,
    sealed_previous_secret BLOB
) STRICT;

ALTER TABLE connections ADD COLUMN app_id TEXT REFERENCES apps (id);

-- Two connections with one grant would spend each other's refresh tokens. Where there is no realm, NULL equals nothing.
CREATE UNIQUE INDEX connections_by_realm ON connections (app_id, settings ->> '$.realm');

-- `state` is the JSON of src/domain/grant: its member `state` is the word, the others are when and why.
CREATE TABLE grants (
    connection_id        TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    state                TEXT NOT NULL CHECK (json_type(state) = 'object'),
    hash                 TEXT NOT NULL,
    authorized_at        TEXT NOT NULL,
    refreshed_at         TEXT NOT NULL,
    expires_at           TEXT,
    hard_expires_at      TEXT,
    sealed_refresh_token BLOB,
    sealed_predecessor   BLOB
) STRICT;

-- Grants that came and did not belong where they were asked for: kept, since a vendor gives each only once.
CREATE TABLE quarantine (
    id                   TEXT NOT NULL PRIMARY KEY,
    app_id               TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    realm                TEXT,
    reason               TEXT NOT NULL,
    received_at          TEXT NOT NULL,
    expires_at           TEXT,
    hard_expires_at      TEXT,
    sealed_refresh_token BLOB NOT NULL
) STRICT;

-- When a connection's token was last handed out, as of the last commit: the audit log knows it to the second.
CREATE TABLE uses (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    used_at       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
