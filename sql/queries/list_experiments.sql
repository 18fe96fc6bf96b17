-- list_experiments: a page of a viewer's experiments with how far their runs are, newest first.
-- parameters: viewer_id uuid, experiment_id uuid (NULL: all), limit int, offset int
-- columns:    experiment_id uuid, name text, created_at timestamptz, max_concurrent int, runs int8, epochs_done int8,
--             total_epochs int8, states text[], counts int8[] (of runs in each of these states)
WITH page AS (
    SELECT experiment_id, experiment_no, name, created_at, max_concurrent
      FROM experiments
     WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
       AND (%(experiment_id)s::uuid IS NULL OR experiment_id = %(experiment_id)s)
     ORDER BY experiment_no DESC
     LIMIT %(limit)s OFFSET %(offset)s
), tally AS (
    SELECT r.experiment_id, shown_state(r.state, r.heartbeat_at) AS state, count(*) AS runs,
           sum(r.epochs_done) AS epochs_done, sum(r.total_epochs) AS total_epochs
      FROM runs r JOIN page USING (experiment_id)
     GROUP BY r.experiment_id, shown_state(r.state, r.heartbeat_at)
)
SELECT page.experiment_id, page.name, page.created_at, page.max_concurrent, coalesce(sum(tally.runs), 0)::int8 AS runs,
       coalesce(sum(tally.epochs_done), 0)::int8 AS epochs_done,
       coalesce(sum(tally.total_epochs), 0)::int8 AS total_epochs,
       coalesce(array_agg(tally.state ORDER BY tally.state) FILTER (WHERE tally.state IS NOT NULL), '{}') AS states,
       coalesce(array_agg(tally.runs ORDER BY tally.state) FILTER (WHERE tally.state IS NOT NULL), '{}') AS counts
  FROM page LEFT JOIN tally USING (experiment_id)
 GROUP BY page.experiment_id, page.experiment_no, page.name, page.created_at, page.max_concurrent
 ORDER BY page.experiment_no DESC;
