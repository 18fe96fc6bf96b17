-- lock_experiments_of_runs: the experiments of some runs; nobody adds runs to them until the end of the transaction.
-- parameters: run_nos int[]
-- columns:    experiment_id uuid
SELECT experiment_id
  FROM experiments
 WHERE experiment_id IN (SELECT experiment_id FROM runs WHERE run_no = ANY(%(run_nos)s))
 ORDER BY experiment_no
   FOR UPDATE;
