-- specs_of_runs: everything that determines some runs.
-- parameters: run_nos int[]
-- columns:    run_no int, spec text (JSON)
SELECT run_no, spec::text FROM runs WHERE run_no = ANY(%(run_nos)s) ORDER BY run_no;
