-- weight_arrays: which arrays of a run are stored, in the order of the model.
-- parameters: run_no int, up_to_step int8 (NULL: all), before_epoch int (NULL: all)
-- columns:    layer_index int, layer_name text, tensor text, dtype text, shape int[], epochs int[]
SELECT layer_index, layer_name, tensor, dtype, shape, array_agg(epoch ORDER BY epoch)
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND part = 0
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
   AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
 GROUP BY layer_index, layer_name, tensor, dtype, shape
 ORDER BY layer_index, layer_name, tensor;
