-- Mails that tell somebody that a way into their account was changed.
ALTER TABLE mails DROP CONSTRAINT mails_kind_check;
ALTER TABLE mails ADD CONSTRAINT mails_kind_check CHECK (kind IN ('enter', 'reset', 'join', 'invite', 'received', 'known', 'approved', 'recovery',
    'password', 'passkey', 'second_step_off', 'identity', 'api_key'));
