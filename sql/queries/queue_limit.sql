-- queue_limit: how many runs of a user may wait; until the end of the transaction nobody else asks for the same user.
-- parameters: owner_id uuid
-- columns:    max_queued int; no row if there is no limit
-- Not a lock on the row: a claim writes there, and must not wait for a large submission.
SELECT max_queued, pg_advisory_xact_lock(hashtextextended(user_id::text, 7236480117))
  FROM users WHERE user_id = %(owner_id)s AND max_queued IS NOT NULL;
