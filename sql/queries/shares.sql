-- shares: every user's weight and limits, with what the user has at work and waiting.
-- parameters: none
-- columns:    name text, weight float8, max_running int, max_queued int, running int, cpu float8 (cores), gpu float8 (GPUs),
--             queued int; by name
SELECT u.name, u.weight, u.max_running, u.max_queued, count(r.run_no) FILTER (WHERE r.state <> 'queued')::int,
       coalesce(sum(r.cpu) FILTER (WHERE r.state <> 'queued'), 0), coalesce(sum(r.gpu) FILTER (WHERE r.state <> 'queued'), 0),
       count(r.run_no) FILTER (WHERE r.state = 'queued')::int
  FROM users u
  LEFT JOIN runs r ON r.owner_id = u.user_id AND r.state IN ('queued', 'starting', 'running', 'pausing', 'stopping')
 GROUP BY u.user_id
 ORDER BY u.name;
