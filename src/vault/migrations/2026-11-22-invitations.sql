-- Invitations. Never edited: a change is a new file. Conventions as in the first schema.

-- One row: who issues invitations. `access_window` holds the accesses of the last hour with keyed hashes of their
-- addresses; `owner_id` is its name in the journal, where it changes between commits. The search key turns e-mail
-- and network addresses into what they are found by: without it nobody can try guesses.
CREATE TABLE invitation_issuer (
    id                TEXT NOT NULL PRIMARY KEY CHECK (id = 'issuer'),
    settings          TEXT NOT NULL CHECK (json_type(settings) = 'object'),
    owner_id          TEXT NOT NULL,
    access_window     TEXT NOT NULL CHECK (json_type(access_window) = 'object'),
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    sealed_search_key BLOB NOT NULL
) STRICT;

-- The private half is destroyed when a key signs no more; the rest stays, so that no name is ever used again.
CREATE TABLE invitation_keys (
    kid                TEXT NOT NULL PRIMARY KEY,
    algorithm          TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired', 'revoked')),
    public_members     TEXT NOT NULL CHECK (json_type(public_members) = 'object'),
    created_at         TEXT NOT NULL,
    activated_at       TEXT,
    ended_at           TEXT,
    last_expiry        TEXT,
    sealed_private_key BLOB,
    CHECK ((sealed_private_key IS NOT NULL) = (state IN ('next', 'active')))
) STRICT;

CREATE UNIQUE INDEX invitation_keys_in_use ON invitation_keys (state) WHERE state IN ('next', 'active');

-- Personal data (masked_email, email_hash, company, requester, both sealed columns) is NULL once it was erased.
CREATE TABLE invitations (
    id             TEXT NOT NULL PRIMARY KEY,
    state          TEXT NOT NULL CHECK (state IN (
        'created', 'sent', 'accessed', 'in-progress', 'submitted', 'consumed', 'expired', 'revoked'
    )),
    kid            TEXT NOT NULL REFERENCES invitation_keys (kid),
    token_hash     TEXT NOT NULL UNIQUE,
    masked_email   TEXT,
    email_hash     TEXT,
    company        TEXT,
    requester      TEXT,
    purpose        TEXT NOT NULL,
    scopes         TEXT NOT NULL CHECK (json_type(scopes) = 'array'),
    uses           INTEGER NOT NULL CHECK (uses > 0),
    uses_left      INTEGER NOT NULL CHECK (uses_left BETWEEN 0 AND uses),
    created_at     TEXT NOT NULL,
    expires_at     TEXT NOT NULL,
    sent_at        TEXT,
    accessed_at    TEXT,
    started_at     TEXT,
    submitted_at   TEXT,
    ended_at       TEXT,
    erased_at      TEXT,
    sealed_email   BLOB,
    sealed_address BLOB
) STRICT;

CREATE INDEX invitations_by_email ON invitations (email_hash) WHERE email_hash IS NOT NULL;
CREATE INDEX invitations_by_state ON invitations (state, expires_at);
CREATE INDEX invitations_by_key ON invitations (kid);
