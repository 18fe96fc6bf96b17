-- revoke_tokens: end an account's API tokens: one, or all.
-- parameters: user_id uuid, token_id uuid (NULL: all)
-- columns:    token_id uuid
UPDATE api_tokens SET revoked_at = now()
 WHERE user_id = %(user_id)s AND (%(token_id)s::uuid IS NULL OR token_id = %(token_id)s) AND revoked_at IS NULL
RETURNING token_id;
