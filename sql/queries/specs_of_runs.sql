-- specs_of_runs: everything that determines some runs.
-- parameters: run_ids uuid[]
-- columns:    run_no int, attempt int (the newest), spec text (JSON)
SELECT run_no, attempt, spec::text FROM runs WHERE run_id = ANY(%(run_ids)s) ORDER BY run_no;
