-- session_viewer: who looks through a session, and that it was used just now (to the minute; not where that would wait).
-- parameters: session_hash bytea (NULL: by id), session_id uuid (NULL: by hash), now timestamptz, idle interval
-- columns:    session_id uuid, user_id uuid (NULL: a share link's visitor), viewer_id uuid (the user, or the link), name text,
--             role text, experiment_id uuid (of the share link), confirmed_at timestamptz,
--             has_password bool, address text (where it was opened);
--             no row if there is no such session, it is over, or its account is closed
WITH found AS (
    SELECT s.*, coalesce(s.user_id, s.link_id) AS viewer_id, u.name, u.password_hash IS NOT NULL AS has_password,
            coalesce(u.role, 'viewer') AS role, l.experiment_id
      FROM sessions s
      LEFT JOIN users u USING (user_id)
      LEFT JOIN share_links l USING (link_id)
     WHERE (s.session_hash = %(session_hash)s::bytea OR s.session_id = %(session_id)s::uuid) AND s.expires_at > %(now)s AND s.seen_at > %(now)s - %(idle)s::interval
       AND u.disabled_at IS NULL
       AND (s.link_id IS NULL OR (l.revoked_at IS NULL AND l.expires_at > %(now)s))
), noted AS (
    UPDATE sessions SET seen_at = %(now)s
     WHERE session_id IN (SELECT s.session_id FROM sessions s JOIN found USING (session_id)
                           WHERE found.seen_at < %(now)s - interval '1 minute'
                             FOR NO KEY UPDATE OF s SKIP LOCKED)
), noted_user AS (
    UPDATE users SET seen_at = %(now)s
     WHERE user_id IN (SELECT u.user_id FROM users u JOIN found USING (user_id)
                        WHERE coalesce(u.seen_at, '-infinity') < %(now)s - interval '1 minute'
                          FOR NO KEY UPDATE OF u SKIP LOCKED)
)
SELECT session_id, user_id, viewer_id, coalesce(name, 'a visitor by link') AS name, role, experiment_id, confirmed_at, has_password,
       address
  FROM found;
