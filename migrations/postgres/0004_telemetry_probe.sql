-- One row that is written to see whether this database can be written.
CREATE TABLE telemetry_probe (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    at_ms BIGINT NOT NULL
);
