-- may_keep_ids: whether what an account imports may have these ids, if they are free. An id is one's own when a run of
-- one's own had it here before it was deleted; administrators may also bring ids that were never here. Whatever others
-- have or had makes no difference to the answer for anybody else.
-- parameters: user_id uuid, run_ids uuid[], experiment_ids uuid[] (of each of these runs)
-- columns:    may_keep bool
SELECT bool_and(CASE WHEN d.run_id IS NULL THEN u.role = 'administrator'
                     WHEN d.owner_id <> u.user_id THEN false
                     ELSE d.experiment_id = asked.experiment_id OR u.role = 'administrator' END)
  FROM users u
 CROSS JOIN unnest(%(run_ids)s::uuid[], %(experiment_ids)s::uuid[]) AS asked (run_id, experiment_id)
  LEFT JOIN deleted_runs d ON d.run_id = asked.run_id
 WHERE u.user_id = %(user_id)s;
