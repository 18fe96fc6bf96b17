-- list_shares_of_experiment: whom an experiment is shared with.
-- parameters: experiment_id uuid
-- columns:    user_id uuid, name text, full_name text, may_act bool, by text, created_at timestamptz
SELECT s.user_id, u.name, u.full_name, s.may_act, s.by, s.created_at
  FROM experiment_shares s JOIN users u USING (user_id)
 WHERE s.experiment_id = %(experiment_id)s
 ORDER BY lower(u.name);
