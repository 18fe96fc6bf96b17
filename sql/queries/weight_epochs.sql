-- weight_epochs: the epochs at which one array of a run was captured.
-- parameters: run_no int, layer text, tensor text
-- columns:    epoch int
SELECT epoch
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND layer_name = %(layer)s AND tensor = %(tensor)s AND part = 0
 ORDER BY epoch;
