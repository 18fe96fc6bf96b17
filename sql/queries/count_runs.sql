-- count_runs: how many of the runs that a viewer may see match every part given.
-- parameters: viewer_id uuid, experiment_id uuid (NULL: all), tag text (NULL: all), states text[] (NULL: all; as shown)
-- columns:    count int8
SELECT count(*)
  FROM runs r
 WHERE r.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND (%(experiment_id)s::uuid IS NULL OR r.experiment_id = %(experiment_id)s)
   AND (%(tag)s::text IS NULL OR EXISTS (SELECT FROM run_tags t WHERE t.run_no = r.run_no AND t.tag = %(tag)s))
   AND (%(states)s::text[] IS NULL OR shown_state(r.state, r.heartbeat_at) = ANY(%(states)s));
