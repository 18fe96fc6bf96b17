-- archived_metrics: a page of what runs of one line have measured, as the history of the last of them, in the order of the
--                   table's key.
-- parameters: own_no int (the last run: what others have measured is as of attempt 0), run_nos int[], up_to_steps int8[]
--             (of each of these runs; NULL: all), before_epoch int (NULL: all), metric text, layer text, tensor text,
--             epoch int, step int8 (these five: the last row already seen), limit int
-- columns:    metric text, layer text, tensor text, epoch int, step int8, value float8, time timestamptz, attempt int
SELECT m.metric, m.layer, m.tensor, m.epoch, m.step, m.value, m.time,
       CASE WHEN s.run_no = %(own_no)s THEN m.attempt ELSE 0 END AS attempt
  FROM unnest(%(run_nos)s::int[], %(up_to_steps)s::int8[]) AS s (run_no, up_to_step)
 -- A page of each: the index gives it in order, and no run is read behind the page.
 CROSS JOIN LATERAL (
       SELECT metric, layer, tensor, epoch, step, value, time, attempt
         FROM metrics
        WHERE run_no = s.run_no
          AND (metric, layer, tensor, epoch, step)
            > (%(metric)s::text, %(layer)s::text, %(tensor)s::text, %(epoch)s::int, %(step)s::int8)
          AND (s.up_to_step IS NULL OR step <= s.up_to_step)
          AND (%(before_epoch)s::int IS NULL OR epoch < %(before_epoch)s)
        ORDER BY metric, layer, tensor, epoch, step
        LIMIT %(limit)s) AS m
 ORDER BY m.metric, m.layer, m.tensor, m.epoch, m.step
 LIMIT %(limit)s;
