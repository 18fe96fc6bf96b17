-- visible_changes: of runs that have changed, those that a viewer may see.
-- parameters: viewer_id uuid, run_ids uuid[], experiment_id uuid (NULL: of any)
-- columns:    run_id uuid
SELECT run_id
  FROM runs
 WHERE run_id = ANY(%(run_ids)s)
   AND (%(experiment_id)s::uuid IS NULL OR experiment_id = %(experiment_id)s)
   AND experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s));
