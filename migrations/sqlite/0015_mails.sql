-- Mails that have not left yet. None holds a link: its code is made when the mail is written.
CREATE TABLE mails (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL CHECK (kind IN ('enter', 'reset')),
    user_id    BIGINT REFERENCES users (id),        -- NULL: the address that was given is nobody's, and nothing is sent
    created_ms BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    tries      BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (due_ms);

-- 'reset': its owner chooses another password with it. SQLite changes no check of a table that stands; nothing refers to this one.
CREATE TABLE links_now (
    code_hash  TEXT   PRIMARY KEY,
    purpose    TEXT   NOT NULL CHECK (purpose IN ('setup', 'enter', 'reset')),
    user_id    BIGINT REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms    BIGINT
);
INSERT INTO links_now (code_hash, purpose, user_id, created_ms, expires_ms, used_ms)
SELECT code_hash, purpose, user_id, created_ms, expires_ms, used_ms FROM links;
DROP TABLE links;
ALTER TABLE links_now RENAME TO links;
