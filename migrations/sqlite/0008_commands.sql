-- Orders for devices: kept until they are answered or nobody wants them any more. The newest thousand finished ones of a device stay.
CREATE TABLE commands (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    device      BIGINT NOT NULL REFERENCES devices (number) ON DELETE CASCADE,
    id          TEXT   NOT NULL,                    -- in the message to the device and in its answer
    name        TEXT   NOT NULL,
    params      TEXT   NOT NULL,                    -- a JSON object
    created_by  TEXT   NOT NULL,                    -- as audit.actor
    created_ms  BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('queued', 'sent', 'done', 'failed', 'expired')),
    attempts    BIGINT NOT NULL,
    next_ms     BIGINT NOT NULL,                    -- when it may be sent again
    sent_ms     BIGINT,
    finished_ms BIGINT,
    result      TEXT,                               -- JSON
    error       TEXT
);
CREATE UNIQUE INDEX commands_id ON commands (device, id);
CREATE INDEX commands_newest ON commands (device, number);
CREATE INDEX commands_waiting ON commands (device) WHERE finished_ms IS NULL;

-- How a device shall be configured, and what it said that it runs.
CREATE TABLE device_config (
    device          BIGINT PRIMARY KEY REFERENCES devices (number) ON DELETE CASCADE,
    version         BIGINT NOT NULL,
    config          TEXT   NOT NULL,                -- a JSON object
    changed_ms      BIGINT NOT NULL,
    applied_version BIGINT,
    applied_ms      BIGINT,
    applied_error   TEXT
);

-- Keys by which a device that nobody knows may introduce itself.
CREATE TABLE provisioning_keys (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT   NOT NULL UNIQUE,
    key_hash   TEXT   NOT NULL UNIQUE,              -- SHA-256, hexadecimal
    kind       TEXT   CHECK (kind IN ('energy_meter', 'switch', 'biodigester', 'pill_dispenser', 'other')),
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT,
    revoked_ms BIGINT
);

-- Devices that did, until somebody claims them and they have signed in with a token of their own.
-- What they sent stands in quarantine under the negative of id.
CREATE TABLE unclaimed (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id     TEXT   NOT NULL UNIQUE,
    key_id        BIGINT NOT NULL REFERENCES provisioning_keys (id),
    password_hash TEXT   NOT NULL,                  -- SHA-256 of the whole password, hexadecimal
    created_ms    BIGINT NOT NULL,
    seen_ms       BIGINT NOT NULL,
    claimed_ms    BIGINT
);
