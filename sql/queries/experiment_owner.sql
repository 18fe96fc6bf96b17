-- experiment_owner: whether somebody may share an experiment: its owner or an administrator.
-- parameters: actor_id uuid, experiment_id uuid
-- columns:    owner_id uuid; no row if not
SELECT e.owner_id
  FROM experiments e
 WHERE e.experiment_id = %(experiment_id)s
   AND (e.owner_id = %(actor_id)s OR EXISTS (SELECT FROM users WHERE user_id = %(actor_id)s AND role = 'administrator'));
