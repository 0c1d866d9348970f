-- How people come in: by a user name too, by themselves or invited, and only once somebody has let them in.
ALTER TABLE users ADD COLUMN username     TEXT;   -- in lower case; NULL: none
ALTER TABLE users ADD COLUMN waits        TEXT CHECK (waits IN ('invite', 'mail', 'approval'));   -- NULL: for nothing
ALTER TABLE users ADD COLUMN confirmed_ms BIGINT; -- when it was shown that the address is theirs; NULL: nobody showed it
UPDATE users SET confirmed_ms = created_ms;
-- Who is not in yet reserves no name.
CREATE UNIQUE INDEX users_username ON users (username) WHERE waits IS NULL;

CREATE TABLE mails_now (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL CHECK (kind IN ('enter', 'reset', 'join', 'invite', 'received', 'known', 'approved')),
    user_id    BIGINT REFERENCES users (id),        -- NULL: the address that was given is nobody's, and nothing is sent
    created_ms BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    tries      BIGINT NOT NULL
);
INSERT INTO mails_now (id, kind, user_id, created_ms, due_ms, tries) SELECT id, kind, user_id, created_ms, due_ms, tries FROM mails;
DROP TABLE mails;
ALTER TABLE mails_now RENAME TO mails;
CREATE INDEX mails_due ON mails (due_ms);

CREATE TABLE links_now (
    code_hash  TEXT   PRIMARY KEY,
    purpose    TEXT   NOT NULL CHECK (purpose IN ('setup', 'enter', 'reset', 'join')),
    user_id    BIGINT REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms    BIGINT
);
INSERT INTO links_now (code_hash, purpose, user_id, created_ms, expires_ms, used_ms)
SELECT code_hash, purpose, user_id, created_ms, expires_ms, used_ms FROM links;
DROP TABLE links;
ALTER TABLE links_now RENAME TO links;

CREATE INDEX links_user ON links (user_id, created_ms);
