-- learning_curves: the metrics of whole runs, one row per run and metric, its points as arrays in drawing order.
--                  A fork's points begin with those that it inherits.
-- parameters: viewer_id uuid, run_ids uuid[], metrics text[] (NULL: all), after_epoch int (-1: from the start)
-- columns:    run_id uuid, metric text, inherited_epochs int (points of earlier epochs are inherited), epochs int[],
--             steps int8[], values float8[], times timestamptz[]
WITH RECURSIVE lineage AS (
    SELECT run_no AS asked_no, run_id, inherited_epochs, run_no, NULL::int8 AS up_to_step, parent_no, inherited_steps
      FROM runs
     WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND run_id = ANY(%(run_ids)s)
    UNION ALL
    SELECT l.asked_no, l.run_id, l.inherited_epochs, p.run_no, least(l.up_to_step, l.inherited_steps), p.parent_no,
           p.inherited_steps
      FROM lineage l
      JOIN runs p ON p.run_no = l.parent_no
     WHERE l.inherited_steps IS NOT NULL
)
SELECT run_id, metric, coalesce(inherited_epochs, 0), array_agg(epoch), array_agg(step), array_agg(value), array_agg(time)
  -- Sorted once here, and not once for each array.
  FROM (SELECT l.asked_no, l.run_id, l.inherited_epochs, m.metric, m.epoch, m.step, m.value, m.time
          FROM lineage l
         CROSS JOIN LATERAL (
               SELECT metric, epoch, step, value, time
                 FROM metrics
                WHERE run_no = l.run_no
                  AND (l.up_to_step IS NULL OR step <= l.up_to_step)
                  AND layer = '' AND tensor = ''
                  AND (%(metrics)s::text[] IS NULL OR metric = ANY(%(metrics)s))
                  AND epoch > %(after_epoch)s
               -- Keeps PostgreSQL, which expects a hundred ancestors, from reading the whole table once instead.
               OFFSET 0) AS m
         ORDER BY l.asked_no, m.metric, m.epoch, m.step) AS points
 GROUP BY asked_no, run_id, inherited_epochs, metric
 ORDER BY asked_no, metric;
