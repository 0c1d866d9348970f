-- The audit log knows from where, and nothing in it is changed or deleted any more.
ALTER TABLE audit ADD COLUMN origin TEXT;               -- network address of who asked; NULL: from this machine, or not known
-- People stand in it by their number, as they do from now on.
UPDATE audit SET target = (SELECT 'user:' || id FROM users WHERE email = target)
WHERE action LIKE 'user.%' AND EXISTS (SELECT 1 FROM users WHERE email = target);
CREATE INDEX audit_actor  ON audit (actor, id);
CREATE INDEX audit_target ON audit (target, id);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Where an app is in which somebody is signed in; of a browser it stands with what its session holds.
ALTER TABLE app_sessions ADD COLUMN address TEXT;
ALTER TABLE app_sessions ADD COLUMN agent   TEXT;
