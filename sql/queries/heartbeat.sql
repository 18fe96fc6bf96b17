-- heartbeat: a trainer lives.
-- parameters: run_no int, attempt int
-- columns:    state text: the run's state now; no row if a newer attempt exists, or the run no longer does
UPDATE runs
   SET heartbeat_at = CASE WHEN state IN ('starting', 'running', 'pausing', 'stopping') THEN now() END
 WHERE run_no = %(run_no)s AND attempt = %(attempt)s
RETURNING state;
