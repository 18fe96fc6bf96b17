-- claim_request: be the one who answers a request; also where another has claimed it, died, and done nothing.
-- parameters: user_id uuid, request text, key text, claim_id uuid, credential bytea, body_mac bytea,
--             patience_s float8 (after which a claim counts as dead)
-- columns:    claim_id uuid; no row if it is another's to answer, or answered
INSERT INTO repeated_requests AS r (user_id, request, key, claim_id, credential, body_mac)
VALUES (%(user_id)s, %(request)s, %(key)s, %(claim_id)s, %(credential)s, %(body_mac)s)
ON CONFLICT (user_id, request, key) DO UPDATE SET claim_id = excluded.claim_id, asked_at = now()
 WHERE r.answer IS NULL AND NOT r.has_acted AND r.asked_at < now() - make_interval(secs => %(patience_s)s)
   AND r.credential = excluded.credential AND r.body_mac = excluded.body_mac
RETURNING claim_id;
