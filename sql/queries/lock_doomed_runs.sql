-- lock_doomed_runs: lock runs that are to be deleted: also those who write measurements of them now are waited for.
-- parameters: run_nos int[]
-- columns:    run_no int
SELECT run_no FROM runs WHERE run_no = ANY(%(run_nos)s) ORDER BY run_no FOR UPDATE;
