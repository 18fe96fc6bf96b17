-- metric_array_steps: when the arrays of one series of a run were taken.
-- parameters: run_no int, metric text, layer text, tensor text, after_step int8 (-1: from the start),
--             up_to_step int8 (NULL: all)
-- columns:    epoch int, step int8
SELECT epoch, step
  FROM metric_arrays
 WHERE run_no = %(run_no)s AND metric = %(metric)s AND layer = %(layer)s AND tensor = %(tensor)s
   AND step > %(after_step)s
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
 ORDER BY epoch, step;
