-- The audit log knows from where, and nothing in it is changed or deleted any more.
ALTER TABLE audit ADD COLUMN origin TEXT;               -- network address of who asked; NULL: from this machine, or not known
-- People stand in it by their number, as they do from now on.
UPDATE audit SET target = (SELECT 'user:' || id FROM users WHERE email = target)
WHERE action LIKE 'user.%' AND EXISTS (SELECT 1 FROM users WHERE email = target);
CREATE INDEX audit_actor  ON audit (actor, id);
CREATE INDEX audit_target ON audit (target, id);
CREATE FUNCTION audit_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_kept();

-- Where an app is in which somebody is signed in; of a browser it stands with what its session holds.
ALTER TABLE app_sessions ADD COLUMN address TEXT;
ALTER TABLE app_sessions ADD COLUMN agent   TEXT;
