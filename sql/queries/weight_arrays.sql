-- weight_arrays: which arrays of a run are stored, in the order of the model.
-- parameters: run_no int
-- columns:    layer_index int, layer_name text, tensor text, dtype text, shape int[], epochs int[]
SELECT layer_index, layer_name, tensor, dtype, shape, array_agg(epoch ORDER BY epoch)
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND part = 0
 GROUP BY layer_index, layer_name, tensor, dtype, shape
 ORDER BY layer_index, layer_name, tensor;
