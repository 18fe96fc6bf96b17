-- known_names: names of runs, experiments and tags that begin with some letters, newest first; for completion.
-- parameters: viewer_id uuid, kind text ('run' | 'experiment' | 'tag'), start text, few int
-- columns:    name text
SELECT name
  FROM (SELECT name, max(no) AS newest
          FROM (SELECT r.name, r.run_no AS no FROM runs r JOIN experiments e USING (experiment_id)
                 WHERE %(kind)s::text = 'run' AND e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
                UNION ALL
                SELECT e.name, e.experiment_no FROM experiments e
                 WHERE %(kind)s::text = 'experiment' AND e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
                UNION ALL
                SELECT t.tag, t.run_no FROM run_tags t JOIN runs r USING (run_no) JOIN experiments e USING (experiment_id)
                 WHERE %(kind)s::text = 'tag' AND e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))) AS every
         WHERE starts_with(name, %(start)s::text)
         GROUP BY name) AS distinct_names
 ORDER BY newest DESC
 LIMIT %(few)s;
