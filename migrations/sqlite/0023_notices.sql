-- Mails that tell somebody that a way into their account was changed.
CREATE TABLE mails_now (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL CHECK (kind IN ('enter', 'reset', 'join', 'invite', 'received', 'known', 'approved', 'recovery',
        'password', 'passkey', 'second_step_off', 'identity', 'api_key')),
    user_id    BIGINT REFERENCES users (id),        -- NULL: the address that was given is nobody's, and nothing is sent
    created_ms BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    tries      BIGINT NOT NULL
);
INSERT INTO mails_now (id, kind, user_id, created_ms, due_ms, tries) SELECT id, kind, user_id, created_ms, due_ms, tries FROM mails;
DROP TABLE mails;
ALTER TABLE mails_now RENAME TO mails;
CREATE INDEX mails_due ON mails (due_ms);
