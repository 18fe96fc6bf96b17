-- list_runs: a page of the runs that a viewer may see and that match every part given, and how many match in all.
-- parameters: viewer_id uuid, run_ids uuid[] (NULL: all), experiment_id uuid (NULL: all), tag text (NULL: all),
--             states text[] (NULL: all; as shown), search text (part of a name or tag; '': all), owner_id uuid (NULL: all),
--             since timestamptz (NULL: all), until timestamptz (NULL: all; exclusive), order_by text (a column of run_lists.py,
--             or 'metric'), metric text (to sort by; else NULL), descending bool, limit int (NULL: all), offset int
-- columns:    total int8, run_no int, run_id uuid, experiment_id uuid, experiment text, owner text, name text, state text (as
--             shown), attempt int, fold int, configuration text (JSON), configuration_index int, epochs_done int,
--             total_epochs int, error text, tags text[], created_at, started_at, ended_at timestamptz,
--             metric_names text[], metric_values float8[], parent_id uuid, origin text, inherited_epochs int
WITH matching AS MATERIALIZED (
    SELECT r.run_no, r.experiment_no, r.position, e.name AS experiment, u.name AS owner,
           -- One of the two orders the list: numbers as numbers, words as words, whatever their case.
           CASE %(order_by)s::text
                WHEN 'number' THEN r.run_no
                WHEN 'learning_rate' THEN r.learning_rate
                WHEN 'fold' THEN r.fold
                WHEN 'epochs' THEN r.epochs_done
                WHEN 'started' THEN extract(epoch FROM r.started_at)
                WHEN 'ended' THEN extract(epoch FROM r.ended_at)
                WHEN 'duration' THEN extract(epoch FROM coalesce(r.ended_at, now()) - r.started_at)
                WHEN 'metric' THEN (SELECT nullif(m.value, 'NaN') FROM run_last_metrics m
                                     WHERE m.run_no = r.run_no AND m.metric = %(metric)s)
           END::float8 AS number_key,
           lower(CASE %(order_by)s::text
                WHEN 'name' THEN r.name
                WHEN 'experiment' THEN e.name
                WHEN 'owner' THEN u.name
                WHEN 'state' THEN shown_state(r.state, r.heartbeat_at)
                WHEN 'optimizer' THEN r.optimizer
                WHEN 'loss_function' THEN r.loss_function
           END) AS word_key
      FROM runs r
      JOIN experiments e USING (experiment_id)
      JOIN users u ON u.user_id = r.owner_id
     WHERE r.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
       AND (%(run_ids)s::uuid[] IS NULL OR r.run_id = ANY(%(run_ids)s))
       AND (%(experiment_id)s::uuid IS NULL OR r.experiment_id = %(experiment_id)s)
       AND (%(owner_id)s::uuid IS NULL OR r.owner_id = %(owner_id)s)
       AND (%(since)s::timestamptz IS NULL OR r.created_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR r.created_at < %(until)s)
       AND (%(tag)s::text IS NULL
            OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND t.tag = %(tag)s))
       AND (%(states)s::text[] IS NULL OR shown_state(r.state, r.heartbeat_at) = ANY(%(states)s))
       AND (%(search)s::text = '' OR strpos(lower(r.name), lower(%(search)s)) > 0 OR strpos(lower(e.name), lower(%(search)s)) > 0
            OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND strpos(lower(t.tag), lower(%(search)s)) > 0))
), page AS (
    SELECT *, row_number() OVER () AS place
      FROM (SELECT * FROM matching
             ORDER BY CASE WHEN NOT %(descending)s THEN number_key END NULLS LAST,
                      CASE WHEN %(descending)s THEN number_key END DESC NULLS LAST,
                      CASE WHEN NOT %(descending)s THEN word_key END NULLS LAST,
                      CASE WHEN %(descending)s THEN word_key END DESC NULLS LAST,
                      experiment_no DESC, position, run_no
             LIMIT %(limit)s OFFSET %(offset)s) AS sorted
)
SELECT (SELECT count(*) FROM matching) AS total, r.run_no, r.run_id, r.experiment_id, page.experiment, page.owner, r.name,
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
 ORDER BY page.place;
