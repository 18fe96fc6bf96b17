-- note_acted: say, in the transaction that does what a request asked for, that it is done; of transactions that have
-- only read nothing is said.
-- parameters: user_id uuid, request text, key text, claim_id uuid
-- columns:    is_ours bool: false if this has changed something although another has taken the request over
WITH noted AS (
    UPDATE repeated_requests SET has_acted = true
     WHERE user_id = %(user_id)s AND request = %(request)s AND key = %(key)s AND claim_id = %(claim_id)s
       AND pg_current_xact_id_if_assigned() IS NOT NULL
    RETURNING claim_id
)
SELECT EXISTS (SELECT FROM noted) OR pg_current_xact_id_if_assigned() IS NULL;
