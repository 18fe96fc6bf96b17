-- insert_fold: which rows of the original training set a fold trains on, and which it holds out.
-- parameters: experiment_id uuid, fold int, train int8[], held_out int8[]
-- columns:    none
INSERT INTO folds (experiment_id, fold, train, held_out)
VALUES (%(experiment_id)s, %(fold)s, %(train)s::int8[], %(held_out)s::int8[])
ON CONFLICT DO NOTHING;
