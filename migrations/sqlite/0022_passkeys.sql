-- Keys in somebody's device or password manager that sign them in. What is kept of one is public: by it a signature is checked, none is made.
CREATE TABLE passkeys (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       BIGINT NOT NULL REFERENCES users (id),
    handle        TEXT   NOT NULL,        -- what the key says of whose it is: the same random one for all of its owner's
    credential_id TEXT   NOT NULL UNIQUE, -- base64url
    credential    TEXT   NOT NULL,        -- JSON: public key, counter, whether it is backed up
    name          TEXT   NOT NULL,
    created_ms    BIGINT NOT NULL,
    used_ms       BIGINT
);
CREATE INDEX passkeys_user ON passkeys (user_id);
