-- archived_last_metrics: the newest values of a run's own metrics, as lists show them.
-- parameters: run_no int
-- columns:    metric text, epoch int, step int8, value float8, time timestamptz, attempt int
SELECT metric, epoch, step, value, time, attempt FROM run_last_metrics WHERE run_no = %(run_no)s ORDER BY metric;
