-- own_leases: runs leased to one manager and not known to be at work.
-- parameters: manager_id uuid, at_work uuid[] (left out)
-- columns:    run_id uuid, state text
SELECT run_id, state
  FROM runs
 WHERE manager_id = %(manager_id)s
   AND state IN ('starting', 'running', 'pausing', 'stopping')
   AND NOT run_id = ANY(%(at_work)s)
 ORDER BY run_no
   FOR NO KEY UPDATE;
