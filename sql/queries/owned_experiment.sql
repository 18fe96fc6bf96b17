-- owned_experiment: whether an experiment is the owner's.
-- parameters: owner_id uuid, experiment_id uuid
-- columns:    experiment_id uuid; no row if there is no such experiment, or it is somebody else's
SELECT experiment_id FROM experiments WHERE experiment_id = %(experiment_id)s AND owner_id = %(owner_id)s;
