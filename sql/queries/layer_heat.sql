-- layer_heat: a metric of the layers of runs of one line, one number for each epoch.
-- parameters: run_nos int[], up_to_steps int8[] (of each of these runs; NULL: all), metric text, tensor text (NULL: all),
--             of_epoch text ('last', 'min', 'max', 'mean': which number stands for an epoch)
-- columns:    layer text, tensor text, epochs int[], values float8[] (one NaN in an epoch is its least, greatest and mean)
SELECT layer, tensor, array_agg(epoch), array_agg(value)
  FROM (SELECT layer, tensor, epoch,
               CASE %(of_epoch)s::text
                    WHEN 'last' THEN (array_agg(value ORDER BY step DESC) FILTER (WHERE is_last))[1]
                    WHEN 'min' THEN CASE WHEN bool_or(value = 'NaN') THEN 'NaN' ELSE min(value) END
                    -- To PostgreSQL a NaN is greater than every number.
                    WHEN 'max' THEN max(value)
                    -- Not avg(): the sum of finite numbers may be none, and that would be an error.
                    ELSE sum(value / points)
               END AS value
          FROM (SELECT m.layer, m.tensor, m.epoch, m.step, m.value,
                       count(*) OVER epochs AS points, m.step = max(m.step) OVER epochs AS is_last
                  FROM unnest(%(run_nos)s::int[], %(up_to_steps)s::int8[]) AS s (run_no, up_to_step)
                 CROSS JOIN LATERAL (
                       SELECT layer, tensor, epoch, step, value
                         FROM metrics
                        WHERE run_no = s.run_no AND metric = %(metric)s
                          AND (%(tensor)s::text IS NULL OR tensor = %(tensor)s)
                          AND (s.up_to_step IS NULL OR step <= s.up_to_step)
                          AND (layer <> '' OR tensor <> '' OR strpos(metric, '/') > 0)
                       OFFSET 0) AS m
                WINDOW epochs AS (PARTITION BY m.layer, m.tensor, m.epoch)) AS points
         GROUP BY layer, tensor, epoch
         ORDER BY layer, tensor, epoch) AS cells
 GROUP BY layer, tensor
 ORDER BY layer, tensor;
