-- count_runs: how many runs an owner has.
-- parameters: owner_id uuid, experiment_id uuid (NULL: all)
-- columns:    count int8
SELECT count(*)
  FROM runs r
  JOIN experiments e USING (experiment_id)
 WHERE e.owner_id = %(owner_id)s
   AND (%(experiment_id)s::uuid IS NULL OR e.experiment_id = %(experiment_id)s);
