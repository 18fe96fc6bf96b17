-- failed_runs: the failed ones among these runs.
-- parameters: run_ids uuid[]
-- columns:    run_no int
SELECT run_no FROM runs WHERE run_id = ANY(%(run_ids)s) AND state = 'failed' ORDER BY run_no;
