-- confirm_session: note that the password was given again.
-- parameters: session_id uuid, now timestamptz
-- columns:    none
UPDATE sessions SET confirmed_at = %(now)s WHERE session_id = %(session_id)s;
