-- archived_runs: what an archive says of runs themselves, parents before their forks and reruns.
-- parameters: viewer_id uuid, run_ids uuid[]
-- columns:    run_no int, run_id uuid, experiment_id uuid, name text, position int, configuration_index int, fold int,
--             state text (as shown), attempt int, cpu float8, gpu float8, epochs_done int, steps_done int8,
--             progress_attempt int, total_epochs int, error text, priority int, origin text, inherited_epochs int,
--             inherited_steps int8, captures_before int, parent_id uuid (NULL: not among these), created_at, started_at,
--             ended_at timestamptz, tags text[], spec text (JSON, as it is kept)
SELECT r.run_no, r.run_id, r.experiment_id, r.name, r.position, r.configuration_index, r.fold,
       shown_state(r.state, r.heartbeat_at) AS state, r.attempt, r.cpu, r.gpu, r.epochs_done, r.steps_done,
       r.progress_attempt, r.total_epochs, r.error, r.priority, r.origin, r.inherited_epochs, r.inherited_steps,
       r.captures_before, p.run_id AS parent_id, r.created_at, r.started_at, r.ended_at,
       ARRAY(SELECT t.tag FROM run_tags t WHERE t.run_no = r.run_no ORDER BY t.tag) AS tags, r.spec::text AS spec
  FROM runs r
  LEFT JOIN runs p ON p.run_no = r.parent_no AND p.run_id = ANY(%(run_ids)s::uuid[])
 WHERE r.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND r.run_id = ANY(%(run_ids)s::uuid[])
 -- A run is numbered after the one that it was made from.
 ORDER BY r.run_no;
