-- learning_curves: the metrics of whole runs, one row per run and metric, its points as arrays in drawing order.
-- parameters: owner_id uuid, run_ids uuid[], metrics text[] (NULL: all), after_epoch int (-1: from the start)
-- columns:    run_id uuid, metric text, epochs int[], steps int8[], values float8[], times timestamptz[]
SELECT run_id, metric, array_agg(epoch), array_agg(step), array_agg(value), array_agg(time)
  -- Sorted once here, and not once for each array.
  FROM (SELECT r.run_no, r.run_id, m.metric, m.epoch, m.step, m.value, m.time
          FROM metrics m
          JOIN runs r USING (run_no)
          JOIN experiments e USING (experiment_id)
         WHERE e.owner_id = %(owner_id)s
           AND r.run_id = ANY(%(run_ids)s)
           AND m.layer = '' AND m.tensor = ''
           AND (%(metrics)s::text[] IS NULL OR m.metric = ANY(%(metrics)s))
           AND m.epoch > %(after_epoch)s
         ORDER BY r.run_no, m.metric, m.epoch, m.step) AS points
 GROUP BY run_no, run_id, metric
 ORDER BY run_no, metric;
