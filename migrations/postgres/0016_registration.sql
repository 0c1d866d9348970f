-- How people come in: by a user name too, by themselves or invited, and only once somebody has let them in.
ALTER TABLE users ADD COLUMN username     TEXT;   -- in lower case; NULL: none
ALTER TABLE users ADD COLUMN waits        TEXT CHECK (waits IN ('invite', 'mail', 'approval'));   -- NULL: for nothing
ALTER TABLE users ADD COLUMN confirmed_ms BIGINT; -- when it was shown that the address is theirs; NULL: nobody showed it
UPDATE users SET confirmed_ms = created_ms;
-- Who is not in yet reserves no name.
CREATE UNIQUE INDEX users_username ON users (username) WHERE waits IS NULL;

ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN ('enter', 'reset', 'join', 'invite', 'received', 'known', 'approved'));
ALTER TABLE links DROP CONSTRAINT links_purpose_check;
ALTER TABLE links ADD CONSTRAINT links_purpose_check CHECK (purpose IN ('setup', 'enter', 'reset', 'join'));

CREATE INDEX links_user ON links (user_id, created_ms);
