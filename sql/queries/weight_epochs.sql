-- weight_epochs: the epochs at which one array of a run was captured.
-- parameters: run_no int, layer text, tensor text, up_to_step int8 (NULL: all), before_epoch int (NULL: all)
-- columns:    epoch int
SELECT epoch
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND layer_name = %(layer)s AND tensor = %(tensor)s AND part = 0
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
   AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
 ORDER BY epoch;
