-- forget_inherited_last_metrics: the values that a fork was given at its beginning.
-- parameters: run_no int
-- columns:    none
DELETE FROM run_last_metrics WHERE run_no = %(run_no)s AND attempt = 0;
