-- list_runs: a page of the runs that a viewer may see that match every part given, newest experiment first, then grid order.
-- parameters: viewer_id uuid, run_ids uuid[] (NULL: all), experiment_id uuid (NULL: all), tag text (NULL: all),
--             states text[] (NULL: all), limit int (NULL: all), offset int
-- columns:    run_no int, run_id uuid, experiment_id uuid, experiment text, name text, state text (as shown),
--             attempt int, fold int, configuration text (JSON), configuration_index int, epochs_done int,
--             total_epochs int, error text, tags text[], created_at, started_at, ended_at timestamptz,
--             metric_names text[], metric_values float8[], parent_id uuid, origin text, inherited_epochs int
WITH page AS (
    SELECT r.run_no, e.name AS experiment, e.experiment_no
      FROM runs r
      JOIN experiments e USING (experiment_id)
     WHERE r.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
       AND (%(run_ids)s::uuid[] IS NULL OR r.run_id = ANY(%(run_ids)s))
       AND (%(experiment_id)s::uuid IS NULL OR r.experiment_id = %(experiment_id)s)
       AND (%(tag)s::text IS NULL
            OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND t.tag = %(tag)s))
       AND (%(states)s::text[] IS NULL OR shown_state(r.state, r.heartbeat_at) = ANY(%(states)s))
     ORDER BY e.experiment_no DESC, r.position, r.run_no
     LIMIT %(limit)s OFFSET %(offset)s
)
SELECT r.run_no, r.run_id, r.experiment_id, page.experiment, r.name,
       shown_state(r.state, r.heartbeat_at) AS state, r.attempt,
       r.fold, (r.spec -> 'configuration')::text AS configuration, r.configuration_index, r.epochs_done, r.total_epochs,
       r.error, ARRAY(SELECT t.tag FROM run_tags t WHERE t.run_no = r.run_no ORDER BY t.tag) AS tags,
       r.created_at, r.started_at, r.ended_at, last.metric_names, last.metric_values,
       p.run_id AS parent_id, r.origin, coalesce(r.inherited_epochs, 0) AS inherited_epochs
  FROM page
  JOIN runs r USING (run_no)
  LEFT JOIN runs p ON p.run_no = r.parent_no
  CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(m.metric ORDER BY m.metric), '{}') AS metric_names,
              coalesce(array_agg(m.value ORDER BY m.metric), '{}') AS metric_values
         FROM run_last_metrics m WHERE m.run_no = r.run_no) AS last
 ORDER BY page.experiment_no DESC, r.position, r.run_no;
