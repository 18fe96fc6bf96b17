-- deleted_for_viewer: of runs that have changed, those that are gone and that a viewer could see until then.
-- parameters: viewer_id uuid, run_ids uuid[], experiment_id uuid (NULL: of any)
-- columns:    run_id uuid
SELECT d.run_id
  FROM deleted_runs d
 WHERE d.run_id = ANY(%(run_ids)s)
   AND NOT EXISTS (SELECT FROM runs r WHERE r.run_id = d.run_id)
   AND (%(experiment_id)s::uuid IS NULL OR d.experiment_id = %(experiment_id)s)
   AND (d.owner_id = %(viewer_id)s OR %(viewer_id)s = ANY(d.seen_by)
        OR EXISTS (SELECT FROM users u WHERE u.user_id = %(viewer_id)s AND u.role = 'administrator'));
