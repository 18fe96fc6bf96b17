-- forget_last_metrics: the newest values of a run, to be told anew.
-- parameters: run_no int
-- columns:    none
DELETE FROM run_last_metrics WHERE run_no = %(run_no)s;
