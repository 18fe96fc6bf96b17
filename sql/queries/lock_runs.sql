-- lock_runs: where runs stand; nobody else changes them until the end of the transaction.
-- parameters: run_nos int[]
-- columns:    run_no int, run_id uuid, name text, state text, attempt int, hold text,
--             silent_for_s float8 (since the trainer was heard of; 0 when none is at work)
SELECT run_no, run_id, name, state, attempt, hold,
       CASE WHEN state NOT IN ('starting', 'running', 'pausing', 'stopping') THEN 0
            ELSE coalesce(extract(epoch FROM now() - heartbeat_at), 'Infinity') END::float8 AS silent_for_s
  FROM runs
 WHERE run_no = ANY(%(run_nos)s)
 ORDER BY run_no
   FOR NO KEY UPDATE;
