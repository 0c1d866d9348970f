-- Browsers in which somebody is signed in, and when each was last used: a session ends when it is not used, and in any case after
-- a while. Of its id only the SHA-256 is kept, so that a copy of this table lets nobody in.
CREATE TABLE sessions (
    id_hash  TEXT   PRIMARY KEY,
    user_id  BIGINT REFERENCES users (id),
    data     TEXT   NOT NULL,                       -- JSON
    began_ms BIGINT NOT NULL,
    used_ms  BIGINT NOT NULL                        -- written at most once an hour
);
CREATE INDEX sessions_user ON sessions (user_id);
