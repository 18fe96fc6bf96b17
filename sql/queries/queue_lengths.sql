-- queue_lengths: how many runs that a viewer may see are in each state, and what they ask for or hold of the machines.
-- parameters: viewer_id uuid
-- columns:    state text (as shown), runs int8, cpu float8, gpu float8
SELECT shown_state(state, heartbeat_at), count(*), sum(cpu), sum(gpu)
  FROM runs
 WHERE experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
 GROUP BY 1;
