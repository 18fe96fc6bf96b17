-- run_spec: everything that determines a run.
-- parameters: owner_id uuid, run_id uuid
-- columns:    spec text (JSON); no row if there is no such run, or it is somebody else's
SELECT r.spec::text
  FROM runs r
  JOIN experiments e USING (experiment_id)
 WHERE r.run_id = %(run_id)s AND e.owner_id = %(owner_id)s;
