-- archived_metric_arrays: which metric arrays runs of one line have, as the history of the last of them, without their
--                         numbers.
-- parameters: own_no int (the last run: what others have found is as of attempt 0), run_nos int[], up_to_steps int8[]
--             (of each of these runs; NULL: all), before_epoch int (NULL: all)
-- columns:    run_no int (whose it is), metric text, layer text, tensor text, epoch int, step int8, dtype text,
--             shape int[], is_histogram bool, time timestamptz, attempt int
SELECT a.run_no, a.metric, a.layer, a.tensor, a.epoch, a.step, a.dtype, a.shape, a.edges IS NOT NULL, a.time,
       CASE WHEN a.run_no = %(own_no)s THEN a.attempt ELSE 0 END
  FROM unnest(%(run_nos)s::int[], %(up_to_steps)s::int8[]) AS s (run_no, up_to_step)
  JOIN metric_arrays a ON a.run_no = s.run_no
   AND (s.up_to_step IS NULL OR a.step <= s.up_to_step)
   AND (%(before_epoch)s::int IS NULL OR a.epoch < %(before_epoch)s)
 WHERE a.run_no = ANY(%(run_nos)s)
 ORDER BY a.epoch, a.metric, a.layer, a.tensor, a.step;
