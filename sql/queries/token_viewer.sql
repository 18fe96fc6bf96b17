-- token_viewer: whose token this is, and that it was used just now (to the minute; not where that would wait).
-- parameters: token_hash bytea, now timestamptz
-- columns:    token_id uuid, user_id uuid, name text, role text, scopes text[]; no row if it is unknown, over or revoked,
--             or its account is closed
WITH found AS (
    SELECT t.token_id, t.user_id, u.name, u.role, t.scopes, t.seen_at, u.seen_at AS user_seen_at
      FROM api_tokens t JOIN users u USING (user_id)
     WHERE t.token_hash = %(token_hash)s AND t.revoked_at IS NULL AND u.disabled_at IS NULL
       AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
), noted AS (
    UPDATE api_tokens SET seen_at = %(now)s
     WHERE token_id IN (SELECT t.token_id FROM api_tokens t JOIN found USING (token_id)
                         WHERE coalesce(found.seen_at, '-infinity') < %(now)s - interval '1 minute'
                           FOR NO KEY UPDATE OF t SKIP LOCKED)
), noted_user AS (
    UPDATE users SET seen_at = %(now)s
     WHERE user_id IN (SELECT u.user_id FROM users u JOIN found USING (user_id)
                        WHERE coalesce(found.user_seen_at, '-infinity') < %(now)s - interval '1 minute'
                          FOR NO KEY UPDATE OF u SKIP LOCKED)
)
SELECT token_id, user_id, name, role, scopes FROM found;
