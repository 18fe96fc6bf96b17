-- delete_weights: everything of some runs.
-- parameters: run_nos int[]
-- columns:    none
DELETE FROM weight_arrays WHERE run_no = ANY(%(run_nos)s);
