-- archived_experiments: what an archive says of experiments, the oldest first.
-- parameters: viewer_id uuid, experiment_ids uuid[]
-- columns:    experiment_id uuid, name text, config text (JSON, as it is kept), max_concurrent int, created_at timestamptz,
--             owner text
SELECT e.experiment_id, e.name, e.config::text, e.max_concurrent, e.created_at, u.name AS owner
  FROM experiments e
  JOIN users u ON u.user_id = e.owner_id
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND e.experiment_id = ANY(%(experiment_ids)s::uuid[])
 ORDER BY e.experiment_no;
