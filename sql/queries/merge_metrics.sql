-- merge_metrics: the rows of incoming_metrics into metrics.
-- parameters: none
-- columns:    none
INSERT INTO metrics (run_no, metric, layer, tensor, epoch, step, value, time, attempt)
SELECT run_no, metric, layer, tensor, epoch, step, value, time, attempt FROM incoming_metrics
-- The connection may die after the commit; the second copy of a resent batch must change nothing.
-- A run that went on from a checkpoint reports some epochs twice; the later attempt counts.
ON CONFLICT (run_no, metric, layer, tensor, epoch, step) DO UPDATE
   SET value = excluded.value, time = excluded.time, attempt = excluded.attempt
 WHERE (excluded.attempt, excluded.time) > (metrics.attempt, metrics.time);
