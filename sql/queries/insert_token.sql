-- insert_token: a new API token.
-- parameters: user_id uuid, name text, token_hash bytea, start text, scopes text[], expires_at timestamptz (NULL: never)
-- columns:    token_id uuid
INSERT INTO api_tokens (user_id, name, token_hash, start, scopes, expires_at)
VALUES (%(user_id)s, %(name)s, %(token_hash)s, %(start)s, %(scopes)s, %(expires_at)s)
RETURNING token_id;
