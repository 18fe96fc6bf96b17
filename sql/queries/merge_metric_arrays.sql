-- merge_metric_arrays: the rows of incoming_metric_arrays into metric_arrays.
-- parameters: none
-- columns:    none
INSERT INTO metric_arrays (run_no, metric, layer, tensor, epoch, step, dtype, shape, data, edges, time, attempt)
SELECT run_no, metric, layer, tensor, epoch, step, dtype, shape, data, edges, time, attempt FROM incoming_metric_arrays
-- As in merge_metrics: a resent array changes nothing, the later attempt counts.
ON CONFLICT (run_no, metric, layer, tensor, epoch, step) DO UPDATE
   SET dtype = excluded.dtype, shape = excluded.shape, data = excluded.data, edges = excluded.edges,
       time = excluded.time, attempt = excluded.attempt
 WHERE (excluded.attempt, excluded.time) > (metric_arrays.attempt, metric_arrays.time);
