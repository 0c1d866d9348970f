-- One row that is written to see whether this database can be written.
CREATE TABLE telemetry_probe (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    at_ms BIGINT NOT NULL
);

-- Whose readings these are: the same random name as in `settings` of vigia.db.
CREATE TABLE telemetry_of (
    one          BIGINT PRIMARY KEY CHECK (one = 1),
    installation TEXT   NOT NULL
);
