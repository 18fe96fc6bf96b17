-- layer_weights: every stored part of one array of a run, in order.
-- parameters: run_no int, layer text, tensor text, epochs int[] (NULL: all), up_to_step int8 (NULL: all),
--             before_epoch int (NULL: all)
-- columns:    epoch int, part int, dtype text, shape int[], data bytea
SELECT epoch, part, dtype, shape, data
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND layer_name = %(layer)s AND tensor = %(tensor)s
   AND (%(epochs)s::int[] IS NULL OR epoch = ANY(%(epochs)s))
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
   AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
 ORDER BY epoch, part;
