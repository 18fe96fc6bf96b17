-- waiting_runs: for each user and size of run the first one in line, whose experiment is not full, and the user's share.
-- parameters: full int[] (experiment_no of the experiments that are full)
-- columns:    owner_id uuid, weight float8, max_running int, running int, used_cpu float8 (cores), used_gpu float8 (GPUs),
--             virtual_time float8, run_id uuid, is_new int, rank int (-priority), experiment_no int, position int, run_no int,
--             cpu float8, gpu float8
WITH RECURSIVE sizes AS (
    -- From one size to the next by the index: thousands of equal runs are one step.
    (SELECT owner_id, cpu, gpu FROM runs WHERE state = 'queued' ORDER BY owner_id, cpu, gpu LIMIT 1)
    UNION ALL
    SELECT further.* FROM sizes s CROSS JOIN LATERAL (
        SELECT r.owner_id, r.cpu, r.gpu FROM runs r
         WHERE r.state = 'queued' AND (r.owner_id, r.cpu, r.gpu) > (s.owner_id, s.cpu, s.gpu)
         ORDER BY r.owner_id, r.cpu, r.gpu LIMIT 1) AS further
), firsts AS (
    SELECT first.* FROM sizes s CROSS JOIN LATERAL (
        SELECT r.owner_id, r.cpu, r.gpu, (r.attempt = 0) AS is_new, (-r.priority) AS rank, r.experiment_no, r.position,
               r.run_no, r.run_id
          FROM runs r
         WHERE r.state = 'queued' AND r.owner_id = s.owner_id AND r.cpu = s.cpu AND r.gpu = s.gpu
         ORDER BY (r.attempt = 0), (-r.priority), r.experiment_no, r.position, r.run_no LIMIT 1) AS first
    UNION ALL
    -- Over the rest of an experiment that is full, however much that is.
    SELECT next.* FROM firsts f CROSS JOIN LATERAL (
        SELECT r.owner_id, r.cpu, r.gpu, (r.attempt = 0) AS is_new, (-r.priority) AS rank, r.experiment_no, r.position,
               r.run_no, r.run_id
          FROM runs r
         WHERE r.state = 'queued' AND r.owner_id = f.owner_id AND r.cpu = f.cpu AND r.gpu = f.gpu
           AND ((r.attempt = 0), (-r.priority), r.experiment_no) > (f.is_new, f.rank, f.experiment_no)
         ORDER BY (r.attempt = 0), (-r.priority), r.experiment_no, r.position, r.run_no LIMIT 1) AS next
     WHERE f.experiment_no = ANY(%(full)s::int[])
), at_work AS (
    SELECT owner_id, count(*)::int AS running, sum(cpu) AS cpu, sum(gpu) AS gpu
      FROM runs WHERE state IN ('starting', 'running', 'pausing', 'stopping') GROUP BY owner_id
)
SELECT f.owner_id, u.weight, u.max_running, coalesce(w.running, 0), coalesce(w.cpu, 0), coalesce(w.gpu, 0),
       u.virtual_time, f.run_id, f.is_new::int, f.rank, f.experiment_no, f.position, f.run_no, f.cpu, f.gpu
  FROM firsts f
  JOIN users u ON u.user_id = f.owner_id
  LEFT JOIN at_work w USING (owner_id)
 WHERE f.experiment_no <> ALL(%(full)s::int[]);
