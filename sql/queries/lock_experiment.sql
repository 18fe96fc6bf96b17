-- lock_experiment: keep an experiment of this owner until the end of the transaction, for whoever may act on it.
-- parameters: experiment_id uuid, owner_id uuid
-- columns:    experiment_id uuid; no row if it is not there, or another's
UPDATE experiments SET name = name
 WHERE experiment_id = %(experiment_id)s AND owner_id = %(owner_id)s
RETURNING experiment_id;
