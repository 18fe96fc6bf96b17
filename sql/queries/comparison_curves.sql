-- comparison_curves: one metric of many runs, its points as arrays in no order: a row for each run that has it, and one
--                    for each ancestor that a fork has points from.
-- parameters: viewer_id uuid, run_ids uuid[], metric text, after_epoch int (-1: from the start), with_places bool
-- columns:    run_id uuid, inherited_epochs int (points of earlier epochs are inherited), is_own bool (else an ancestor's),
--             epochs int[], values float8[], steps int8[], times timestamptz[] (both NULL unless with_places)
WITH RECURSIVE lineage AS (
    SELECT run_id, coalesce(inherited_epochs, 0) AS inherited_epochs, run_no, NULL::int8 AS up_to_step, parent_no,
           inherited_steps
      FROM runs
     WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND run_id = ANY(%(run_ids)s)
    UNION ALL
    SELECT l.run_id, l.inherited_epochs, p.run_no, least(l.up_to_step, l.inherited_steps), p.parent_no, p.inherited_steps
      FROM lineage l
      JOIN runs p ON p.run_no = l.parent_no
     WHERE l.inherited_steps IS NOT NULL
)
SELECT l.run_id, l.inherited_epochs, true AS is_own, m.epochs, m.values, m.steps, m.times
  -- All runs in one scan: those that train at once lie side by side on the disk, and asking for each of them
  -- alone would read every page as often as there are runs. Nothing is sorted: NumPy does that.
  FROM (SELECT run_no, array_agg(epoch) AS epochs, array_agg(value) AS values,
               array_agg(step) FILTER (WHERE %(with_places)s) AS steps,
               array_agg(time) FILTER (WHERE %(with_places)s) AS times
          FROM metrics
         WHERE run_no = ANY(ARRAY(SELECT run_no FROM lineage WHERE up_to_step IS NULL))
           AND metric = %(metric)s AND layer = '' AND tensor = '' AND epoch > %(after_epoch)s
         GROUP BY run_no) AS m
  JOIN lineage l ON l.run_no = m.run_no AND l.up_to_step IS NULL
 UNION ALL
SELECT l.run_id, l.inherited_epochs, false, m.epochs, m.values, m.steps, m.times
  FROM lineage l
 CROSS JOIN LATERAL (
       SELECT array_agg(epoch) AS epochs, array_agg(value) AS values,
              array_agg(step) FILTER (WHERE %(with_places)s) AS steps,
              array_agg(time) FILTER (WHERE %(with_places)s) AS times
         FROM metrics
        WHERE run_no = l.run_no AND step <= l.up_to_step
          AND metric = %(metric)s AND layer = '' AND tensor = '' AND epoch > %(after_epoch)s
       OFFSET 0) AS m
 WHERE l.up_to_step IS NOT NULL AND m.epochs IS NOT NULL;
