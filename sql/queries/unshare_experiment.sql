-- unshare_experiment: an account no longer sees an experiment.
-- parameters: experiment_id uuid, user_id uuid
-- columns:    user_id uuid; no row if it was not shared
DELETE FROM experiment_shares WHERE experiment_id = %(experiment_id)s AND user_id = %(user_id)s RETURNING user_id;
