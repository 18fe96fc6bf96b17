-- insert_share_link: a read-only link to an experiment.
-- parameters: experiment_id uuid, token_hash bytea, by text, expires_at timestamptz
-- columns:    link_id uuid
INSERT INTO share_links (experiment_id, token_hash, by, expires_at)
VALUES (%(experiment_id)s, %(token_hash)s, %(by)s, %(expires_at)s)
RETURNING link_id;
