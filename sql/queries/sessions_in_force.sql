-- sessions_in_force: which of these sessions are not over, and belong to somebody who may still sign in.
-- parameters: session_hashes bytea[], now timestamptz, idle interval
-- columns:    session_hash bytea
SELECT s.session_hash
  FROM sessions s
  LEFT JOIN users u USING (user_id)
  LEFT JOIN share_links l USING (link_id)
 WHERE s.session_hash = ANY(%(session_hashes)s::bytea[]) AND s.expires_at > %(now)s AND s.seen_at > %(now)s - %(idle)s::interval
   AND u.disabled_at IS NULL
   AND (s.link_id IS NULL OR (l.revoked_at IS NULL AND l.expires_at > %(now)s));
