-- Open pages of administrators hear of every change to accounts, invitations, settings and the audit log, whichever
-- statement makes it. Not of what changes all the time: when somebody was seen, and the clock of the queue.
CREATE FUNCTION tell_of_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('nntracker_people', '');
    RETURN NULL;
END $$;

CREATE TRIGGER told AFTER INSERT OR DELETE
    OR UPDATE OF name, full_name, role, password_hash, disabled_at, weight, max_running, max_queued ON users
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_people();
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON invitations
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_people();
CREATE TRIGGER told AFTER INSERT OR UPDATE OR DELETE ON settings
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_people();
CREATE TRIGGER told AFTER INSERT ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_people();
