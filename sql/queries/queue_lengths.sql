-- queue_lengths: how many runs of the owner are in each state, and what of the machines those at work hold.
-- parameters: owner_id uuid
-- columns:    state text, runs int8, cpu float8, gpu float8
SELECT r.state, count(*), sum(r.cpu), sum(r.gpu)
  FROM runs r JOIN experiments e USING (experiment_id)
 WHERE e.owner_id = %(owner_id)s
 GROUP BY r.state;
