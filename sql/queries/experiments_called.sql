-- experiments_called: the viewer's experiments that a word means: a whole name, or the beginning of an id.
-- parameters: viewer_id uuid, word text, few int
-- columns:    experiment_id uuid, name text, created_at timestamptz, rank int (0 name, 1 id; least counts)
SELECT experiment_id, name, created_at, rank
  FROM (SELECT experiment_id, name, created_at, experiment_no,
               CASE WHEN name = %(word)s::text THEN 0
                    WHEN length(%(word)s::text) >= 4 AND starts_with(experiment_id::text, lower(%(word)s::text)) THEN 1 END AS rank
          FROM experiments WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))) AS called
 WHERE rank IS NOT NULL
 ORDER BY rank, experiment_no DESC
 LIMIT %(few)s;
