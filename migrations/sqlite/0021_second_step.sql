-- The second step of signing in: codes of an app, and what stands in for them once each.
CREATE TABLE second_steps (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      BIGINT NOT NULL UNIQUE REFERENCES users (id),
    created_ms   BIGINT NOT NULL,
    confirmed_ms BIGINT,                        -- when its first code was right; NULL: it is asked of nobody yet
    last_step    BIGINT NOT NULL DEFAULT 0,     -- the half minute of the last code that was taken; none of it or before is taken again
    whole_ms     BIGINT NOT NULL DEFAULT 0      -- when every try is there again, whoever was wrong and from where
);

-- By these secrets are sealed; what opens them stands in the data folder of the process that does.
CREATE TABLE sealing_keys (
    kid        TEXT   PRIMARY KEY,
    public_key TEXT   NOT NULL,                 -- X25519, 32 bytes in base64
    seen_ms    BIGINT NOT NULL                  -- when its process last ran; at most an hour late
);

-- The secret, sealed once for each process.
CREATE TABLE second_step_secrets (
    step_id BIGINT NOT NULL REFERENCES second_steps (id) ON DELETE CASCADE,
    kid     TEXT   NOT NULL,
    sealed  TEXT   NOT NULL,                    -- in base64
    PRIMARY KEY (step_id, kid)
);

CREATE TABLE recovery_codes (
    step_id   BIGINT NOT NULL REFERENCES second_steps (id) ON DELETE CASCADE,
    code_hash TEXT   NOT NULL,
    used_ms   BIGINT,
    PRIMARY KEY (step_id, code_hash)
);

-- A mail more: that a recovery code was used.
CREATE TABLE mails_now (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL CHECK (kind IN ('enter', 'reset', 'join', 'invite', 'received', 'known', 'approved', 'recovery')),
    user_id    BIGINT REFERENCES users (id),        -- NULL: the address that was given is nobody's, and nothing is sent
    created_ms BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    tries      BIGINT NOT NULL
);
INSERT INTO mails_now (id, kind, user_id, created_ms, due_ms, tries) SELECT id, kind, user_id, created_ms, due_ms, tries FROM mails;
DROP TABLE mails;
ALTER TABLE mails_now RENAME TO mails;
CREATE INDEX mails_due ON mails (due_ms);
