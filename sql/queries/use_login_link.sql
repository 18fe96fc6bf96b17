-- use_login_link: take a link that is neither used nor expired.
-- parameters: token_hash bytea, now timestamptz
-- columns:    user_id uuid; no row if the link is unknown, used or expired, or its account is closed
UPDATE login_links l SET used_at = %(now)s
  FROM users u
 WHERE l.token_hash = %(token_hash)s AND l.used_at IS NULL AND l.expires_at > %(now)s
   AND u.user_id = l.user_id AND u.disabled_at IS NULL
RETURNING l.user_id;
