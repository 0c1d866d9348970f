-- Damage, what was deleted on request, and who may seal.

-- Rows whose bytes cannot be believed, kept as they were found: nothing reads them but who mends them.
-- Of a chunk its series and its time are known, of a block of the log only when it came (from_ms and to_ms).
CREATE TABLE damaged (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    found_ms BIGINT NOT NULL,
    place    TEXT   NOT NULL CHECK (place IN ('log', 'chunks')),
    row_id   BIGINT NOT NULL,
    device   BIGINT,
    metric   BIGINT,
    from_ms  BIGINT NOT NULL,
    to_ms    BIGINT NOT NULL,
    data     BLOB   NOT NULL
);

-- What was deleted on request: by it other processes learn that the last values are gone.
CREATE TABLE erased (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    device BIGINT NOT NULL,
    at_ms  BIGINT NOT NULL
);

-- One process seals at a time: whoever begins counts on, and writes only as long as nobody else has.
CREATE TABLE sealer (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    epoch BIGINT NOT NULL
);
INSERT INTO sealer (one, epoch) VALUES (1, 0);

-- Damaged database files out of which everything readable was taken over.
CREATE TABLE taken_over (
    file    TEXT   PRIMARY KEY,
    done_ms BIGINT NOT NULL,
    taken   BIGINT NOT NULL,                        -- values
    lost    BIGINT NOT NULL                         -- rows that could not be read
);
