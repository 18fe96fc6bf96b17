-- selected_runs: an owner's runs that match every part given.
-- parameters: owner_id uuid, run_ids uuid[] (NULL: all), experiment_id uuid (NULL: all), tag text (NULL: all),
--             states text[] (NULL: all; as shown)
-- columns:    run_no int
SELECT r.run_no
  FROM runs r
 WHERE r.owner_id = %(owner_id)s
   AND (%(run_ids)s::uuid[] IS NULL OR r.run_id = ANY(%(run_ids)s))
   AND (%(experiment_id)s::uuid IS NULL OR r.experiment_id = %(experiment_id)s)
   AND (%(tag)s::text IS NULL OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND t.tag = %(tag)s))
   AND (%(states)s::text[] IS NULL OR shown_state(r.state, r.heartbeat_at) = ANY(%(states)s))
 ORDER BY r.run_no;
