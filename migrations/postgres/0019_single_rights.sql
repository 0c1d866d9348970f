-- Who sees everything and changes nothing; single rights; whose a key is, until when and when it was last used; two tokens of a device during a
-- change-over.
ALTER TABLE users DROP CONSTRAINT users_role_check;
ALTER TABLE users ADD CONSTRAINT users_role_check CHECK (role IN ('admin', 'staff', 'viewer', 'customer'));
ALTER TABLE users ADD COLUMN granted   TEXT NOT NULL DEFAULT '';   -- single rights beside those of the role, separated by commas
ALTER TABLE users ADD COLUMN withdrawn TEXT NOT NULL DEFAULT '';   -- single rights of the role that were taken away
ALTER TABLE users ADD COLUMN zone      TEXT;                       -- IANA name of the time zone that they chose; NULL: none

ALTER TABLE api_keys DROP CONSTRAINT api_keys_name_key;
ALTER TABLE api_keys ADD COLUMN owner_id   BIGINT REFERENCES users (id);   -- NULL: made on the command line
ALTER TABLE api_keys ADD COLUMN expires_ms BIGINT;                         -- NULL: never
ALTER TABLE api_keys ADD COLUMN used_ms    BIGINT;                         -- written at most once an hour
CREATE UNIQUE INDEX api_keys_name ON api_keys (COALESCE(owner_id, 0), name) WHERE revoked_ms IS NULL;

ALTER TABLE devices ADD COLUMN old_token_hash TEXT;   -- of the token before, while both are good
ALTER TABLE devices ADD COLUMN old_until_ms   BIGINT; -- until when; NULL: until the new one was used
CREATE UNIQUE INDEX devices_old_token ON devices (old_token_hash) WHERE old_token_hash IS NOT NULL;
