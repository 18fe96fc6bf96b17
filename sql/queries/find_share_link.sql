-- find_share_link: the link behind a token.
-- parameters: token_hash bytea, now timestamptz
-- columns:    link_id uuid, experiment_id uuid, expires_at timestamptz; no row if it is unknown, over or revoked
SELECT link_id, experiment_id, expires_at
  FROM share_links
 WHERE token_hash = %(token_hash)s AND revoked_at IS NULL AND expires_at > %(now)s;
