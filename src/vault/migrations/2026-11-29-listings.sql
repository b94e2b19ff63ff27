-- What listings read of keys and tokens. Never edited: a change is a new file.
--
-- A row of either table is as long as a page, by its certificate and its sealed value: whoever goes through all of them
-- for a name and a date would decrypt the whole vault. These hold the rest of every row, and answer by themselves.

CREATE INDEX keys_listed ON keys (
    connection_id, state, id, algorithm, fingerprint, subject, serial, not_before, not_after, certificate_id,
    created_at, activated_at, exposed_at
);

CREATE INDEX tokens_listed ON tokens (connection_id, hash, obtained_at, expires_at, key_id, settings_hash);
