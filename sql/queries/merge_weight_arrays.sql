-- merge_weight_arrays: the rows of incoming_weight_arrays into weight_arrays.
-- parameters: none
-- columns:    none
INSERT INTO weight_arrays (run_no, layer_name, tensor, epoch, part, layer_index, dtype, shape, step, time, attempt, data)
SELECT run_no, layer_name, tensor, epoch, part, layer_index, dtype, shape, step, time, attempt, data
  FROM incoming_weight_arrays
-- As in merge_metrics: a resent capture changes nothing, the later attempt counts.
ON CONFLICT (run_no, layer_name, tensor, epoch, part) DO UPDATE
   SET layer_index = excluded.layer_index, dtype = excluded.dtype, shape = excluded.shape, step = excluded.step,
       time = excluded.time, attempt = excluded.attempt, data = excluded.data
 WHERE (excluded.attempt, excluded.time) > (weight_arrays.attempt, weight_arrays.time);
