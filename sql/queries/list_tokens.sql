-- list_tokens: an account's API tokens that are not revoked, the newest first.
-- parameters: user_id uuid
-- columns:    token_id uuid, name text, start text, scopes text[], created_at, expires_at, seen_at timestamptz
SELECT token_id, name, start, scopes, created_at, expires_at, seen_at
  FROM api_tokens
 WHERE user_id = %(user_id)s AND revoked_at IS NULL
 ORDER BY created_at DESC, token_id;
