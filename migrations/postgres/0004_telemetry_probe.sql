-- One row that is written to see whether this database can be written.
CREATE TABLE telemetry_probe (
    one   BIGINT PRIMARY KEY CHECK (one = 1),
    at_ms BIGINT NOT NULL
);

-- For SQLite, whose two files say here that they belong together; on PostgreSQL both are one database, and this stays empty.
CREATE TABLE telemetry_of (
    one          BIGINT PRIMARY KEY CHECK (one = 1),
    installation TEXT   NOT NULL
);
