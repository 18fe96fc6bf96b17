-- selected_runs: the runs that an actor may act on and that match every part given.
-- parameters: actor_id uuid, run_ids uuid[] (NULL: all), experiment_id uuid (NULL: all), tag text (NULL: all),
--             states text[] (NULL: all; as shown)
-- columns:    run_no int
SELECT r.run_no
  FROM runs r
 WHERE r.experiment_id IN (SELECT experiment_id FROM actable_experiments(%(actor_id)s))
   AND (%(run_ids)s::uuid[] IS NULL OR r.run_id = ANY(%(run_ids)s))
   AND (%(experiment_id)s::uuid IS NULL OR r.experiment_id = %(experiment_id)s)
   AND (%(tag)s::text IS NULL OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND t.tag = %(tag)s))
   AND (%(states)s::text[] IS NULL OR shown_state(r.state, r.heartbeat_at) = ANY(%(states)s))
   -- By a tag alone a person means the runs at hand: an administrator's word must not reach everybody's.
   AND (%(run_ids)s::uuid[] IS NOT NULL OR %(experiment_id)s::uuid IS NOT NULL OR r.owner_id = %(actor_id)s
        OR EXISTS (SELECT FROM experiment_shares s WHERE s.experiment_id = r.experiment_id AND s.user_id = %(actor_id)s))
 ORDER BY r.run_no;
