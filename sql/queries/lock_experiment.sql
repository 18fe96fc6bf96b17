-- lock_experiment: keep an experiment until the end of the transaction, for whoever may act on it.
-- parameters: experiment_id uuid
-- columns:    experiment_id uuid; no row if it is not there, or not one's own
UPDATE experiments SET name = name WHERE experiment_id = %(experiment_id)s RETURNING experiment_id;
