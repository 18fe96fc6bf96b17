-- layer_weights: every stored part of one array of a run, in order.
-- parameters: run_no int, layer text, tensor text, epochs int[] (NULL: all)
-- columns:    epoch int, part int, dtype text, shape int[], data bytea
SELECT epoch, part, dtype, shape, data
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND layer_name = %(layer)s AND tensor = %(tensor)s
   AND (%(epochs)s::int[] IS NULL OR epoch = ANY(%(epochs)s))
 ORDER BY epoch, part;
