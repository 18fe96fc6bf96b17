-- queue_lengths: how many runs of the owner are in each state, and what they ask for or hold of the machines.
-- parameters: owner_id uuid
-- columns:    state text (as shown), runs int8, cpu float8, gpu float8
SELECT shown_state(state, heartbeat_at), count(*), sum(cpu), sum(gpu)
  FROM runs
 WHERE owner_id = %(owner_id)s
 GROUP BY 1;
