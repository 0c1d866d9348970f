-- Apps in which somebody is signed in: a family of refresh tokens each, of which the last one alone works.
CREATE TABLE app_sessions (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id  BIGINT NOT NULL REFERENCES users (id),
    began_ms BIGINT NOT NULL,
    used_ms  BIGINT NOT NULL
);
CREATE INDEX app_sessions_user ON app_sessions (user_id);

CREATE TABLE refresh_tokens (
    token_hash TEXT   PRIMARY KEY,
    session_id BIGINT NOT NULL REFERENCES app_sessions (id) ON DELETE CASCADE,
    used       BOOLEAN NOT NULL
);
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- By these anybody checks an access token; what signs them stands in the data folder of the process that does.
CREATE TABLE signing_keys (
    kid        TEXT   PRIMARY KEY,
    public_key TEXT   NOT NULL,        -- 32 bytes in base64
    created_ms BIGINT NOT NULL
);
