-- silent_runs: runs that a trainer should have but none has been heard of for too long.
-- parameters: silent_for_s float8
-- columns:    run_no int
SELECT run_no
  FROM runs
 WHERE state IN ('starting', 'running', 'pausing', 'stopping')
   AND (heartbeat_at IS NULL OR heartbeat_at < now() - make_interval(secs => %(silent_for_s)s))
 ORDER BY run_no;
