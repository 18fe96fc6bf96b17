-- token_viewer: whose token this is, and that it was used just now (to the minute).
-- parameters: token_hash bytea, now timestamptz
-- columns:    token_id uuid, user_id uuid, name text, role text, scopes text[]; no row if it is unknown, over or revoked,
--             or its account is closed
WITH found AS (
    SELECT t.token_id, t.user_id, u.name, u.role, t.scopes, t.seen_at, u.seen_at AS user_seen_at
      FROM api_tokens t JOIN users u USING (user_id)
     WHERE t.token_hash = %(token_hash)s AND t.revoked_at IS NULL AND u.disabled_at IS NULL
       AND (t.expires_at IS NULL OR t.expires_at > %(now)s)
), noted AS (
    UPDATE api_tokens t SET seen_at = %(now)s FROM found
     WHERE t.token_id = found.token_id AND coalesce(found.seen_at, '-infinity') < %(now)s - interval '1 minute'
), noted_user AS (
    UPDATE users u SET seen_at = %(now)s FROM found
     WHERE u.user_id = found.user_id AND coalesce(found.user_seen_at, '-infinity') < %(now)s - interval '1 minute'
)
SELECT token_id, user_id, name, role, scopes FROM found;
