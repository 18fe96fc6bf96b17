-- redeem_login_link: open a session by a link that is neither used nor expired.
-- parameters: token_hash bytea, session_hash bytea, now timestamptz, expires_at timestamptz (of the session)
-- columns:    user_id uuid; no row if the link is unknown, used or expired
WITH link AS (
    UPDATE login_links SET used_at = %(now)s
     WHERE token_hash = %(token_hash)s AND used_at IS NULL AND expires_at > %(now)s
    RETURNING user_id
)
INSERT INTO sessions (session_hash, user_id, expires_at)
SELECT %(session_hash)s, user_id, %(expires_at)s FROM link
RETURNING user_id;
