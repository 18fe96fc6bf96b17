-- runs_called: the viewer's runs that a word means: a number, a whole name, or the beginning of an id.
-- parameters: viewer_id uuid, word text, run_no int (NULL when the word is no number), few int
-- columns:    run_no int, run_id uuid, name text, experiment text, rank int (0 number, 1 name, 2 id; least counts)
SELECT run_no, run_id, name, experiment, rank
  FROM (SELECT r.run_no, r.run_id, r.name, e.name AS experiment,
               CASE WHEN r.run_no = %(run_no)s THEN 0 WHEN r.name = %(word)s::text THEN 1
                    WHEN length(%(word)s::text) >= 4 AND starts_with(r.run_id::text, lower(%(word)s::text)) THEN 2 END AS rank
          FROM runs r JOIN experiments e USING (experiment_id)
         WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))) AS called
 WHERE rank IS NOT NULL
 ORDER BY rank, run_no DESC
 LIMIT %(few)s;
