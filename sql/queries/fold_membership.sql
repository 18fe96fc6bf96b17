-- fold_membership: which rows of the original training set a fold trains on, and which it holds out.
-- parameters: viewer_id uuid, experiment_id uuid, fold int (0-based)
-- columns:    train int8[], held_out int8[]
SELECT f.train, f.held_out
  FROM folds f
  JOIN experiments e USING (experiment_id)
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND f.experiment_id = %(experiment_id)s AND f.fold = %(fold)s;
