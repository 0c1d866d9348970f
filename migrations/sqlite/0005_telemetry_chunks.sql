-- The log of readings in blocks, one for each transaction, and the chunks that they are sealed into.
-- samples is emptied into log at the next start, and stays empty.

-- data: see app/backend/src/telemetry/sql/block.rs.
CREATE TABLE log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ms BIGINT  NOT NULL,
    data        BLOB    NOT NULL,
    writer      BIGINT  NOT NULL                    -- which process wrote it
);

-- Values of one metric of one device, from_ms to to_ms (the last one's instant); chunks of a series never overlap.
-- data: see chunk.rs.
CREATE TABLE chunks (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    device  BIGINT  NOT NULL,
    metric  BIGINT  NOT NULL,
    from_ms BIGINT  NOT NULL,
    to_ms   BIGINT  NOT NULL,
    count   BIGINT  NOT NULL,
    min     DOUBLE PRECISION NOT NULL,
    max     DOUBLE PRECISION NOT NULL,
    sum     DOUBLE PRECISION NOT NULL,
    data    BLOB    NOT NULL
);
CREATE UNIQUE INDEX chunks_series ON chunks (device, metric, from_ms);

-- Quarters of an hour of one metric of one device, a UTC day a row; reckoned from the chunks alone. data: see day.rs.
CREATE TABLE quarters (
    device BIGINT NOT NULL,
    metric BIGINT NOT NULL,
    day_ms BIGINT NOT NULL,
    data   BLOB   NOT NULL,
    PRIMARY KEY (device, metric, day_ms)
);

-- Before this instant raw values are gone, and the quarters of that time stay as they are.
CREATE TABLE raw_kept (
    one     BIGINT PRIMARY KEY CHECK (one = 1),
    from_ms BIGINT NOT NULL
);

DROP INDEX samples_device_at;
DROP TABLE latest_mark;
