-- end_sessions: sign an account out: in one place, everywhere, or everywhere but here.
-- parameters: user_id uuid, session_id uuid (NULL: all), except_id uuid (NULL: none is spared)
-- columns:    session_hash bytea
DELETE FROM sessions
 WHERE user_id = %(user_id)s
   AND (%(session_id)s::uuid IS NULL OR session_id = %(session_id)s)
   AND (%(except_id)s::uuid IS NULL OR session_id <> %(except_id)s)
RETURNING session_hash;
