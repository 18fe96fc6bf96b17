-- capture_parts: every stored part of every array that a run captured at one epoch, in the order of the model.
-- parameters: run_no int, epoch int, up_to_step int8 (NULL: all), before_epoch int (NULL: all)
-- columns:    layer_name text, tensor text, dtype text, shape int[], data bytea
SELECT layer_name, tensor, dtype, shape, data
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND epoch = %(epoch)s
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
   AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
 ORDER BY layer_index, layer_name, tensor, part;
