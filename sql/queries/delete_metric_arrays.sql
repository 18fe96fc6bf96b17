-- delete_metric_arrays: everything of some runs.
-- parameters: run_nos int[]
-- columns:    none
DELETE FROM metric_arrays WHERE run_no = ANY(%(run_nos)s);
