-- run_spec: everything that determines a run.
-- parameters: viewer_id uuid, run_id uuid
-- columns:    spec text (JSON); no row if there is no such run, or it is not the viewer's to see
SELECT r.spec::text
  FROM runs r
  JOIN experiments e USING (experiment_id)
 WHERE r.run_id = %(run_id)s AND e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s));
