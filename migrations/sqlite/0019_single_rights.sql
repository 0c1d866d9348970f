-- Who sees everything and changes nothing; single rights; whose a key is, until when and when it was last used; two tokens of a device during a
-- change-over. SQLite cannot change a CHECK: the table is made anew, and nobody's number is given twice.
DROP TABLE IF EXISTS users_now;
CREATE TABLE users_now (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL UNIQUE,          -- in lower case
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'staff', 'viewer', 'customer')),
    password_hash TEXT,                             -- argon2id in PHC form; NULL: no password yet
    created_ms    BIGINT  NOT NULL,
    disabled_ms   BIGINT,
    lang          TEXT    CHECK (lang IN ('es', 'en')),
    theme         TEXT    CHECK (theme IN ('system', 'light', 'dark')),
    username      TEXT,                             -- in lower case; NULL: none
    waits         TEXT    CHECK (waits IN ('invite', 'mail', 'approval')),   -- NULL: for nothing
    confirmed_ms  BIGINT,                           -- when it was shown that the address is theirs; NULL: nobody showed it
    granted       TEXT    NOT NULL DEFAULT '',      -- single rights beside those of the role, separated by commas
    withdrawn     TEXT    NOT NULL DEFAULT '',      -- single rights of the role that were taken away
    zone          TEXT                              -- IANA name of the time zone that they chose; NULL: none
);
INSERT INTO users_now (id, email, name, role, password_hash, created_ms, disabled_ms, lang, theme, username, waits, confirmed_ms)
SELECT id, email, name, role, password_hash, created_ms, disabled_ms, lang, theme, username, waits, confirmed_ms FROM users;
DELETE FROM sqlite_sequence WHERE name = 'users_now';
INSERT INTO sqlite_sequence (name, seq) SELECT 'users_now', seq FROM sqlite_sequence WHERE name = 'users';
DROP TABLE users;
ALTER TABLE users_now RENAME TO users;
-- Who is not in yet reserves no name.
CREATE UNIQUE INDEX users_username ON users (username) WHERE waits IS NULL;

CREATE TABLE api_keys_now (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL,
    key_hash   TEXT   NOT NULL UNIQUE,
    scopes     TEXT   NOT NULL,                     -- separated by commas
    owner_id   BIGINT REFERENCES users (id),        -- NULL: made on the command line
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,                              -- NULL: never
    used_ms    BIGINT,                              -- written at most once an hour
    revoked_ms BIGINT
);
INSERT INTO api_keys_now (id, name, key_hash, scopes, created_ms, revoked_ms)
SELECT id, name, key_hash, scopes, created_ms, revoked_ms FROM api_keys;
DROP TABLE api_keys;
ALTER TABLE api_keys_now RENAME TO api_keys;
CREATE UNIQUE INDEX api_keys_name ON api_keys (COALESCE(owner_id, 0), name) WHERE revoked_ms IS NULL;

ALTER TABLE devices ADD COLUMN old_token_hash TEXT;  -- of the token before, while both are good
ALTER TABLE devices ADD COLUMN old_until_ms   BIGINT; -- until when; NULL: until the new one was used
CREATE UNIQUE INDEX devices_old_token ON devices (old_token_hash) WHERE old_token_hash IS NOT NULL;
