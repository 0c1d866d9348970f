-- Mails that have not left yet. None holds a link: its code is made when the mail is written.
CREATE TABLE mails (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL CHECK (kind IN ('enter')),
    user_id    BIGINT REFERENCES users (id),        -- NULL: the address that was given is nobody's, and nothing is sent
    created_ms BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    tries      BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (due_ms);
