-- doomed_runs: those of these runs whose deletion somebody waits for.
-- parameters: run_nos int[]
-- columns:    run_no int
SELECT r.run_no
  FROM command_targets t
  JOIN commands c USING (command_id)
  JOIN runs r USING (run_id)
 WHERE t.outcome = 'pending' AND c.verb = 'delete' AND r.run_no = ANY(%(run_nos)s);
