-- waiting_hardware: sizes of the first runs in line, and how many more the limits of user and experiment let start.
-- parameters: most int (for each user and size so many runs are looked at)
-- columns:    owner_id uuid, owner_places int (null: no limit), experiment_no int, experiment_places int (null: no limit),
--             cpu float8 (cores), gpu float8 (GPUs), runs int
WITH RECURSIVE sizes AS (
    -- From one size to the next by the index, as in waiting_runs.
    (SELECT owner_id, cpu, gpu FROM runs WHERE state = 'queued' ORDER BY owner_id, cpu, gpu LIMIT 1)
    UNION ALL
    SELECT further.* FROM sizes s CROSS JOIN LATERAL (
        SELECT r.owner_id, r.cpu, r.gpu FROM runs r
         WHERE r.state = 'queued' AND (r.owner_id, r.cpu, r.gpu) > (s.owner_id, s.cpu, s.gpu)
         ORDER BY r.owner_id, r.cpu, r.gpu LIMIT 1) AS further
), at_work AS (
    SELECT owner_id, experiment_no, count(*)::int AS runs
      FROM runs WHERE state IN ('starting', 'running', 'pausing', 'stopping') GROUP BY owner_id, experiment_no
), by_experiment AS (
    SELECT experiment_no, sum(runs)::int AS runs FROM at_work GROUP BY experiment_no
), by_owner AS (
    SELECT owner_id, sum(runs)::int AS runs FROM at_work GROUP BY owner_id
), full_ones AS (
    SELECT experiment_no FROM by_experiment b JOIN experiments e USING (experiment_no) WHERE b.runs >= e.max_concurrent
), firsts AS (
    SELECT first.* FROM sizes s CROSS JOIN LATERAL (
        SELECT r.owner_id, r.experiment_no, r.cpu, r.gpu FROM runs r
         WHERE r.state = 'queued' AND r.owner_id = s.owner_id AND r.cpu = s.cpu AND r.gpu = s.gpu
           AND r.experiment_no NOT IN (SELECT experiment_no FROM full_ones)
         ORDER BY (r.attempt = 0), (-r.priority), r.experiment_no, r.position, r.run_no
         LIMIT %(most)s) AS first
)
SELECT f.owner_id, u.max_running - coalesce(o.runs, 0) AS owner_places,
       f.experiment_no, e.max_concurrent - coalesce(b.runs, 0) AS experiment_places,
       f.cpu, f.gpu, count(*)::int AS runs
  FROM firsts f
  JOIN users u ON u.user_id = f.owner_id
  JOIN experiments e USING (experiment_no)
  LEFT JOIN by_owner o ON o.owner_id = f.owner_id
  LEFT JOIN by_experiment b USING (experiment_no)
 GROUP BY f.owner_id, u.max_running, o.runs, f.experiment_no, e.max_concurrent, b.runs, f.cpu, f.gpu
 ORDER BY f.owner_id, f.experiment_no, f.cpu, f.gpu;
