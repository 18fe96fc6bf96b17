-- create_login_link: a link that opens one session, once.
-- parameters: token_hash bytea, user_id uuid, expires_at timestamptz
-- columns:    none
INSERT INTO login_links (token_hash, user_id, expires_at) VALUES (%(token_hash)s, %(user_id)s, %(expires_at)s);
