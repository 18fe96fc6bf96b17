-- next_run: the run to start next: of the oldest experiment, in grid order, that fits what is free.
-- parameters: free_cpu float8 (cores), free_gpu float8 (GPUs)
-- columns:    run_id uuid; no row if none fits
SELECT r.run_id
  FROM runs r
  JOIN experiments e USING (experiment_id)
 WHERE r.state = 'queued'
   AND r.cpu <= %(free_cpu)s AND r.gpu <= %(free_gpu)s
   AND (e.max_concurrent IS NULL OR e.max_concurrent > (
        SELECT count(*) FROM runs at_work
         WHERE at_work.experiment_id = r.experiment_id
           AND at_work.state IN ('starting', 'running', 'pausing', 'stopping')))
 ORDER BY e.experiment_no, r.position, r.run_no
 LIMIT 1
-- A run that somebody is just changing is passed over, not waited for.
   FOR UPDATE OF r SKIP LOCKED;
