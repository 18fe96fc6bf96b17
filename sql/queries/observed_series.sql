-- observed_series: what there is of the inside of runs of one line, as one history; no value is read.
-- parameters: run_nos int[], up_to_steps int8[] (of each of these runs; NULL: all)
-- columns:    metric text, layer text, tensor text, kind text ('scalar', 'array', 'histogram'), points int8,
--             first_epoch int, last_epoch int, first_step int8, last_step int8
WITH stretches AS (
    SELECT run_no, up_to_step FROM unnest(%(run_nos)s::int[], %(up_to_steps)s::int8[]) AS s (run_no, up_to_step)
)
SELECT m.metric, m.layer, m.tensor, 'scalar' AS kind, sum(m.points)::int8, min(m.first_epoch), max(m.last_epoch),
       min(m.first_step), max(m.last_step)
  FROM stretches s
 CROSS JOIN LATERAL (
       -- All of this is in the index.
       SELECT metric, layer, tensor, count(*) AS points, min(epoch) AS first_epoch, max(epoch) AS last_epoch,
              min(step) AS first_step, max(step) AS last_step
         FROM metrics
        WHERE run_no = s.run_no AND (s.up_to_step IS NULL OR step <= s.up_to_step)
          AND (layer <> '' OR tensor <> '' OR strpos(metric, '/') > 0)
        GROUP BY metric, layer, tensor) AS m
 GROUP BY m.metric, m.layer, m.tensor
UNION ALL
SELECT a.metric, a.layer, a.tensor, CASE WHEN bool_or(newest.is_histogram) THEN 'histogram' ELSE 'array' END,
       sum(a.points)::int8, min(a.first_epoch), max(a.last_epoch), min(a.first_step), max(a.last_step)
  FROM stretches s
 CROSS JOIN LATERAL (
       SELECT metric, layer, tensor, count(*) AS points, min(epoch) AS first_epoch, max(epoch) AS last_epoch,
              min(step) AS first_step, max(step) AS last_step
         FROM metric_arrays
        WHERE run_no = s.run_no AND (s.up_to_step IS NULL OR step <= s.up_to_step)
        GROUP BY metric, layer, tensor) AS a
 CROSS JOIN LATERAL (
       -- One row of each, and not all their bytes.
       SELECT edges IS NOT NULL AS is_histogram
         FROM metric_arrays
        WHERE run_no = s.run_no AND metric = a.metric AND layer = a.layer AND tensor = a.tensor
        ORDER BY epoch DESC, step DESC
        LIMIT 1) AS newest
 GROUP BY a.metric, a.layer, a.tensor
 ORDER BY 1, 2, 3, 4;
