-- delete_metrics: everything of some runs.
-- parameters: run_nos int[]
-- columns:    none
DELETE FROM metrics WHERE run_no = ANY(%(run_nos)s);
