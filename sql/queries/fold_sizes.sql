-- fold_sizes: how many rows of the original training set a fold trains on, and how many it holds out.
-- parameters: viewer_id uuid, experiment_id uuid, fold int (0-based)
-- columns:    train int, held_out int
SELECT cardinality(f.train), cardinality(f.held_out)
  FROM folds f
 WHERE f.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND f.experiment_id = %(experiment_id)s AND f.fold = %(fold)s;
