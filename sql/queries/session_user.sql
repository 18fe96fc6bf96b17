-- session_user: whose session this is.
-- parameters: session_hash bytea, now timestamptz
-- columns:    user_id uuid; no row if there is no such session or it has expired
SELECT user_id FROM sessions WHERE session_hash = %(session_hash)s AND expires_at > %(now)s;
