-- release_request: let a request be tried again with its key.
-- parameters: user_id uuid, request text, key text, claim_id uuid, even_acted bool (also if something was changed)
-- columns:    none
DELETE FROM repeated_requests
 WHERE user_id = %(user_id)s AND request = %(request)s AND key = %(key)s AND claim_id = %(claim_id)s
   AND (%(even_acted)s OR NOT has_acted);
