-- owned_run: a run's number, if it is the owner's.
-- parameters: owner_id uuid, run_id uuid
-- columns:    run_no int; no row if there is no such run, or it is somebody else's
SELECT r.run_no
  FROM runs r
  JOIN experiments e USING (experiment_id)
 WHERE r.run_id = %(run_id)s AND e.owner_id = %(owner_id)s;
