-- list_sessions: where an account is signed in now, the last used first.
-- parameters: user_id uuid, now timestamptz, idle interval
-- columns:    session_id uuid, created_at timestamptz, seen_at timestamptz, expires_at timestamptz, address text, agent text
SELECT session_id, created_at, seen_at, expires_at, address, agent
  FROM sessions
 WHERE user_id = %(user_id)s AND expires_at > %(now)s AND seen_at > %(now)s - %(idle)s::interval
 ORDER BY seen_at DESC, created_at DESC;
