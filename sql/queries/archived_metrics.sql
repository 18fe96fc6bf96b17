-- archived_metrics: a page of what one run has measured, in the order of the table's key.
-- parameters: run_no int, up_to_step int8 (NULL: all), before_epoch int (NULL: all), metric text, layer text, tensor text,
--             epoch int, step int8 (these five: the last row already seen), limit int
-- columns:    metric text, layer text, tensor text, epoch int, step int8, value float8, time timestamptz, attempt int
SELECT metric, layer, tensor, epoch, step, value, time, attempt
  FROM metrics
 WHERE run_no = %(run_no)s
   AND (metric, layer, tensor, epoch, step)
     > (%(metric)s::text, %(layer)s::text, %(tensor)s::text, %(epoch)s::int, %(step)s::int8)
   AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
   AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
 ORDER BY metric, layer, tensor, epoch, step
 LIMIT %(limit)s;
