-- forget_old_requests: remove requests that were kept for long enough.
-- parameters: kept_s float8
-- columns:    none
DELETE FROM repeated_requests WHERE asked_at < now() - make_interval(secs => %(kept_s)s);
