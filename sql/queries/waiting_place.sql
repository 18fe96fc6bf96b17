-- waiting_place: what stands between a queued run and its start, as far as the viewer may see.
-- parameters: run_no int
-- columns:    ahead int (runs of the same owner that go first), at_work int (runs of the owner), max_running int (NULL: no
--             limit), experiment_at_work int, max_concurrent int (NULL: no limit), cpu float8 (cores), gpu float8 (GPUs),
--             hold text (why it is paused and goes on by itself; NULL: it does not)
SELECT (SELECT count(*)::int FROM runs o
         WHERE o.owner_id = r.owner_id AND o.state = 'queued'
           AND ((o.attempt = 0), (-o.priority), o.experiment_no, o.position, o.run_no)
             < ((r.attempt = 0), (-r.priority), r.experiment_no, r.position, r.run_no)),
       (SELECT count(*)::int FROM runs o
         WHERE o.owner_id = r.owner_id AND o.state IN ('starting', 'running', 'pausing', 'stopping')),
       u.max_running,
       (SELECT count(*)::int FROM runs o
         WHERE o.experiment_no = r.experiment_no AND o.state IN ('starting', 'running', 'pausing', 'stopping')),
       e.max_concurrent, r.cpu, r.gpu, r.hold
  FROM runs r
  JOIN experiments e USING (experiment_id)
  JOIN users u ON u.user_id = r.owner_id
 WHERE r.run_no = %(run_no)s;
