-- archived_captures: which arrays of a run were captured when, without their numbers.
-- parameters: run_no int, up_to_step int8 (NULL: all), before_epoch int (NULL: all)
-- columns:    epoch int, layer_index int, layer_name text, tensor text, dtype text, shape int[], step int8,
--             time timestamptz, attempt int
SELECT epoch, layer_index, layer_name, tensor, dtype, shape, step, time, attempt
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND part = 0
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
   AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
 ORDER BY epoch, layer_index, layer_name, tensor;
