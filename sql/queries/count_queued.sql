-- count_queued: how many runs of a user wait.
-- parameters: owner_id uuid
-- columns:    queued int
SELECT count(*)::int FROM runs WHERE state = 'queued' AND owner_id = %(owner_id)s;
