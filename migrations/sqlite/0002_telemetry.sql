-- What devices sent. On SQLite these tables live in a file of their own, so that nothing else holds up ingest.
CREATE TABLE metrics (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT    NOT NULL UNIQUE
);

-- Append-only, one row per reading. data: per value a metric's id (u32) and the value (f64), both little-endian.
-- Identity of a value is (device, at_ms, metric); where rows disagree, the greater id wins.
CREATE TABLE samples (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    device      BIGINT  NOT NULL,
    at_ms       BIGINT  NOT NULL,
    received_ms BIGINT  NOT NULL,
    data        BLOB    NOT NULL
);
CREATE INDEX samples_device_at ON samples (device, at_ms);

CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    device      BIGINT  NOT NULL,
    at_ms       BIGINT  NOT NULL,
    received_ms BIGINT  NOT NULL,
    kind        TEXT    NOT NULL,
    payload     TEXT    NOT NULL,
    digest      TEXT    NOT NULL                    -- SHA-256 of payload
);
-- The same event sent again is the same event.
CREATE UNIQUE INDEX events_identity ON events (device, at_ms, kind, digest);

-- The last value of every metric, written some seconds late; rows of samples above latest_mark complete it after a crash.
CREATE TABLE latest (
    device BIGINT           NOT NULL,
    metric BIGINT           NOT NULL,
    at_ms  BIGINT           NOT NULL,
    value  DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (device, metric)
);
CREATE TABLE latest_mark (
    one       BIGINT PRIMARY KEY CHECK (one = 1),
    sample_id BIGINT NOT NULL
);
INSERT INTO latest_mark (one, sample_id) VALUES (1, 0);

CREATE TABLE device_state (
    device    BIGINT PRIMARY KEY,
    online    BIGINT,                               -- 1, 0, or NULL when it never said
    online_ms BIGINT,
    seen_ms   BIGINT
);

CREATE TABLE attributes (
    device BIGINT NOT NULL,
    name   TEXT   NOT NULL,
    value  TEXT   NOT NULL,
    at_ms  BIGINT NOT NULL,
    PRIMARY KEY (device, name)
);

-- What was not taken, with its reason; the newest hundred per device.
CREATE TABLE quarantine (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    device      BIGINT  NOT NULL,
    received_ms BIGINT  NOT NULL,
    source      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    excerpt     BLOB    NOT NULL,
    bytes       BIGINT  NOT NULL
);
CREATE INDEX quarantine_device ON quarantine (device, id);
