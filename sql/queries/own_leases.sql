-- own_leases: the runs that are leased to one manager.
-- parameters: manager_id uuid
-- columns:    run_no int
SELECT run_no
  FROM runs
 WHERE manager_id = %(manager_id)s AND state IN ('starting', 'running', 'pausing', 'stopping')
 ORDER BY run_no;
