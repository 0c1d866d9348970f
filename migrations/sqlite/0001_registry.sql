-- People, devices, keys, links, settings and the audit log.
CREATE TABLE users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    email         TEXT    NOT NULL UNIQUE,          -- in lower case
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'staff', 'customer')),
    password_hash TEXT,                             -- argon2id in PHC form; NULL: no password yet
    created_ms    BIGINT  NOT NULL,
    disabled_ms   BIGINT
);

-- number is the key of the readings and is never given twice, so a device that comes back does not inherit another's past.
CREATE TABLE devices (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id  TEXT    NOT NULL UNIQUE,
    kind       TEXT    NOT NULL CHECK (kind IN ('energy_meter', 'switch', 'biodigester', 'pill_dispenser', 'other')),
    name       TEXT    NOT NULL,
    owner_id   BIGINT  REFERENCES users (id),
    token_hash TEXT    NOT NULL UNIQUE,             -- SHA-256, hexadecimal
    created_ms BIGINT  NOT NULL
);
CREATE INDEX devices_owner ON devices (owner_id);

CREATE TABLE api_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL UNIQUE,
    key_hash   TEXT    NOT NULL UNIQUE,
    scopes     TEXT    NOT NULL,                    -- separated by commas
    created_ms BIGINT  NOT NULL,
    revoked_ms BIGINT
);

-- Links that work once: the first administrator's, and the demo visitor's.
CREATE TABLE links (
    code_hash  TEXT   PRIMARY KEY,
    purpose    TEXT   NOT NULL CHECK (purpose IN ('setup', 'enter')),
    user_id    BIGINT REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    used_ms    BIGINT
);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms  BIGINT NOT NULL,
    actor  TEXT   NOT NULL,                         -- user:7, key:3, device:m1, command-line, system
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL                          -- JSON, never a secret
);
CREATE INDEX audit_at ON audit (at_ms);
