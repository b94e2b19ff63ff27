-- The first schema. Never edited: a change is a new file.
--
-- Ids are 32 lower-case hexadecimal digits; times are RFC 3339 text, UTC, with exactly three decimals, so that
-- text order is time order. Columns named `sealed_…` and `wrapped_…` hold age files (src/vault/seal.rs). Blobs
-- come last, so that a listing does not walk their overflow pages.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: the vault's own keys. The wrapped ones open for operators only.
CREATE TABLE keyring (
    id                       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    secrets_recipient        TEXT NOT NULL,
    verify_key               BLOB NOT NULL,
    created_at               TEXT NOT NULL,
    wrapped_secrets_identity BLOB NOT NULL,
    wrapped_signing_key      BLOB NOT NULL
) STRICT;

CREATE TABLE recipients (
    public_key TEXT NOT NULL PRIMARY KEY,
    role       TEXT NOT NULL CHECK (role IN ('viewer', 'operator')),
    label      TEXT,
    added_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to where the journal of an owner (a connection, by its id) is folded in. It outlives its owner: an entry that
-- is found later must still count as folded.
CREATE TABLE journal_folded (
    owner_id TEXT NOT NULL PRIMARY KEY,
    sequence INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE companies (
    id   TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX companies_by_name ON companies (name);

CREATE TABLE connections (
    id                   TEXT NOT NULL PRIMARY KEY,
    name                 TEXT NOT NULL COLLATE NOCASE UNIQUE,
    provider             TEXT NOT NULL,
    environment          TEXT NOT NULL,
    previous_environment TEXT,
    enabled              INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    company_id           TEXT REFERENCES companies (id),
    settings             TEXT NOT NULL CHECK (json_type(settings) = 'object'),
    previous_settings    TEXT CHECK (json_type(previous_settings) = 'object'),
    tags                 TEXT NOT NULL CHECK (json_type(tags) = 'object'),
    created_at           TEXT NOT NULL,
    updated_at           TEXT NOT NULL
) STRICT;

-- Two connections with one identity would rotate each other's keys. A provider whose settings have no account
-- gives NULL here, which equals nothing: it gets an index of its own.
CREATE UNIQUE INDEX connections_by_identity ON connections (
    provider,
    settings ->> '$.account',
    settings ->> '$.client_id',
    coalesce(settings ->> '$.entity', ''),
    coalesce(settings ->> '$.role', '')
);

CREATE INDEX connections_by_company ON connections (company_id);

-- `switching` is never committed: it frees a state while two keys change places, since SQLite checks
-- uniqueness row by row.
CREATE TABLE keys (
    id                 TEXT NOT NULL PRIMARY KEY,
    connection_id      TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    state              TEXT NOT NULL CHECK (state IN ('pending', 'active', 'previous', 'switching')),
    algorithm          TEXT NOT NULL,
    fingerprint        TEXT NOT NULL,
    subject            TEXT NOT NULL,
    serial             TEXT NOT NULL,
    not_before         TEXT NOT NULL,
    not_after          TEXT NOT NULL,
    certificate_id     TEXT,
    created_at         TEXT NOT NULL,
    activated_at       TEXT,
    exposed_at         TEXT,
    certificate_pem    TEXT NOT NULL,
    sealed_private_key BLOB NOT NULL,
    UNIQUE (connection_id, state)
) STRICT;

-- The cached access token of a connection. `key_id` may outlive its key: a token says what it was made with.
CREATE TABLE tokens (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    hash          TEXT NOT NULL,
    obtained_at   TEXT NOT NULL,
    expires_at    TEXT NOT NULL,
    key_id        TEXT,
    settings_hash TEXT NOT NULL,
    sealed_token  BLOB NOT NULL
) STRICT;

-- The last verification of a connection.
CREATE TABLE verifications (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    key_id        TEXT,
    checked_at    TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    stage         TEXT NOT NULL,
    http_status   INTEGER,
    vendor_error  TEXT,
    message       TEXT,
    latency_ms    INTEGER
) STRICT;

-- What the audit log's ids were called before they were removed.
CREATE TABLE tombstones (
    id         TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    removed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
