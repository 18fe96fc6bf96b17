-- count_experiments: how many experiments `list_experiments` pages through.
-- parameters: viewer_id uuid
-- columns:    experiments int8
SELECT count(*) FROM experiments WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s));
