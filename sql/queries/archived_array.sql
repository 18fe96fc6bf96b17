-- archived_array: the parts of one captured array, in order.
-- parameters: run_no int, layer text, tensor text, epoch int
-- columns:    data bytea
SELECT data
  FROM weight_arrays
 WHERE run_no = %(run_no)s AND layer_name = %(layer)s AND tensor = %(tensor)s AND epoch = %(epoch)s
 ORDER BY part;
