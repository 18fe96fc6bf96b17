-- list_share_links: links to an experiment that still open it, the newest first.
-- parameters: experiment_id uuid, now timestamptz
-- columns:    link_id uuid, by text, created_at timestamptz, expires_at timestamptz
SELECT link_id, by, created_at, expires_at
  FROM share_links
 WHERE experiment_id = %(experiment_id)s AND revoked_at IS NULL AND expires_at > %(now)s
 ORDER BY created_at DESC, link_id;
