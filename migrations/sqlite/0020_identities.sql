-- Who somebody is to a provider of OpenID Connect: by this they come in without a password of ours.
CREATE TABLE identities (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    issuer     TEXT   NOT NULL,                     -- the provider's address, as it writes it
    subject    TEXT   NOT NULL,                     -- what it calls them, for ever
    user_id    BIGINT NOT NULL REFERENCES users (id),
    email      TEXT,                                -- the address that it last said is theirs
    created_ms BIGINT NOT NULL,
    used_ms    BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id);
