-- lock_known_runs: which of these runs exist; they then stay until the end of the transaction.
-- parameters: run_nos int[]
-- columns:    run_no int
SELECT run_no FROM runs WHERE run_no = ANY(%(run_nos)s) ORDER BY run_no FOR KEY SHARE;
