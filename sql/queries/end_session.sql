-- end_session: sign out.
-- parameters: session_hash bytea
-- columns:    none
DELETE FROM sessions WHERE session_hash = %(session_hash)s;
