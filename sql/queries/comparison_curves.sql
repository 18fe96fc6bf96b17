-- comparison_curves: one metric of many runs, one row per run that has it, its points as arrays, in no order.
--                    A fork's points include those that it inherits.
-- parameters: viewer_id uuid, run_ids uuid[], metric text, after_epoch int (-1: from the start)
-- columns:    run_id uuid, inherited_epochs int (points of earlier epochs are inherited), epochs int[], steps int8[],
--             values float8[], times timestamptz[]
WITH RECURSIVE lineage AS (
    SELECT run_id, inherited_epochs, run_no, NULL::int8 AS up_to_step, parent_no, inherited_steps
      FROM runs
     WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND run_id = ANY(%(run_ids)s)
    UNION ALL
    SELECT l.run_id, l.inherited_epochs, p.run_no, least(l.up_to_step, l.inherited_steps), p.parent_no, p.inherited_steps
      FROM lineage l
      JOIN runs p ON p.run_no = l.parent_no
     WHERE l.inherited_steps IS NOT NULL
)
SELECT l.run_id, coalesce(l.inherited_epochs, 0), m.epochs, m.steps, m.values, m.times
  FROM lineage l
 -- Aggregated run by run: nothing is sorted or hashed, NumPy brings the points into order.
 CROSS JOIN LATERAL (
       SELECT array_agg(epoch) AS epochs, array_agg(step) AS steps, array_agg(value) AS values, array_agg(time) AS times
         FROM metrics
        WHERE run_no = l.run_no
          AND (l.up_to_step IS NULL OR step <= l.up_to_step)
          AND metric = %(metric)s AND layer = '' AND tensor = ''
          AND epoch > %(after_epoch)s
       OFFSET 0) AS m
 WHERE m.epochs IS NOT NULL
 -- Of an ancestor's point and the run's own at one place the own counts: the later row.
 ORDER BY l.up_to_step NULLS LAST;
