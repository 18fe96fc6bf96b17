-- end_session: sign out.
-- parameters: session_hash bytea
-- columns:    session_hash bytea; no row if there is no such session
DELETE FROM sessions WHERE session_hash = %(session_hash)s RETURNING session_hash;
