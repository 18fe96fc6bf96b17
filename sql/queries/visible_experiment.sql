-- visible_experiment: whether an experiment is the viewer's.
-- parameters: viewer_id uuid, experiment_id uuid
-- columns:    experiment_id uuid; no row if there is no such experiment, or it is not the viewer's to see
SELECT experiment_id FROM experiments WHERE experiment_id = %(experiment_id)s AND experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s));
