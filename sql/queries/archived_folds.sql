-- archived_folds: the folds of an experiment that its viewer may see.
-- parameters: viewer_id uuid, experiment_id uuid
-- columns:    fold int, train int8[], held_out int8[]
SELECT f.fold, f.train, f.held_out
  FROM folds f
 WHERE f.experiment_id = %(experiment_id)s
   AND f.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
 ORDER BY f.fold;
