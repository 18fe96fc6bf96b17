-- share_experiment: let an account see an experiment, or also act on it.
-- parameters: experiment_id uuid, user_id uuid, may_act bool, by text
-- columns:    none
INSERT INTO experiment_shares (experiment_id, user_id, may_act, by)
VALUES (%(experiment_id)s, %(user_id)s, %(may_act)s, %(by)s)
ON CONFLICT (experiment_id, user_id) DO UPDATE SET may_act = excluded.may_act, by = excluded.by, created_at = now();
