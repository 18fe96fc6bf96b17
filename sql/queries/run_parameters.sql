-- run_parameters: what runs were given that their configuration does not hold.
-- parameters: viewer_id uuid, run_ids uuid[]
-- columns:    run_id uuid, batch_size int
SELECT run_id, (spec ->> 'batch_size')::int
  FROM runs
 WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND run_id = ANY(%(run_ids)s);
