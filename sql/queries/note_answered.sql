-- note_answered: keep the answer to a request.
-- parameters: user_id uuid, request text, key text, claim_id uuid, status int, answer bytea
-- columns:    none
UPDATE repeated_requests SET status = %(status)s, answer = %(answer)s
 WHERE user_id = %(user_id)s AND request = %(request)s AND key = %(key)s AND claim_id = %(claim_id)s;
