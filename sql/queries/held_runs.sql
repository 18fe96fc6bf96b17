-- held_runs: paused runs that go on by themselves once what holds them has passed, and stay put until the commit.
-- parameters: hold text
-- columns:    run_id uuid
SELECT run_id
  FROM runs
 WHERE state = 'paused' AND hold = %(hold)s
 ORDER BY run_no
   FOR NO KEY UPDATE SKIP LOCKED;
