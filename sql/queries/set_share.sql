-- set_share: a user's weight and limits; the queue looks again.
-- parameters: name text, weight float8, max_running int (NULL: no limit), max_queued int (NULL: no limit)
-- columns:    none of interest; no row if there is no such user
UPDATE users SET weight = %(weight)s, max_running = %(max_running)s, max_queued = %(max_queued)s
 WHERE name = %(name)s
RETURNING pg_notify('nntracker_queue', '');
