-- claimed_request: how far the answering of a request is.
-- parameters: user_id uuid, request text, key text
-- columns:    credential bytea, body_mac bytea, has_acted bool, status int (NULL: no answer yet), answer bytea
SELECT credential, body_mac, has_acted, status, answer
  FROM repeated_requests
 WHERE user_id = %(user_id)s AND request = %(request)s AND key = %(key)s;
