-- delete_empty_experiments: those of these experiments that have no run any more.
-- parameters: experiment_ids uuid[]
-- columns:    none
DELETE FROM experiments e
 WHERE e.experiment_id = ANY(%(experiment_ids)s)
   AND NOT EXISTS (SELECT FROM runs r WHERE r.experiment_id = e.experiment_id);
