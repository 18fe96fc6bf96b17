-- held_runs: paused runs that go on by themselves once what holds them has passed, and stay put until the commit.
-- parameters: hold text
-- columns:    run_id uuid, pauses int (by its trainers since its last checkpoint, and since a person last queued it),
--             held_for_s float8 (since the latest)
SELECT r.run_id, paused.pauses, extract(epoch FROM now() - paused.latest)::float8
  FROM runs r
 CROSS JOIN LATERAL (
       SELECT max(s.time) AS latest,
              (count(*) FILTER (WHERE s.time > coalesce(stored.latest, '-infinity') AND s.no > asked.latest))::int AS pauses
         FROM run_states s
        CROSS JOIN (SELECT max((c.info ->> 'created_at')::timestamptz) AS latest
                      FROM run_facts f CROSS JOIN json_array_elements(f.value) AS c (info)
                     WHERE f.run_no = r.run_no AND f.key = 'checkpoints' AND c.info ->> 'kind' = 'last') AS stored
        CROSS JOIN (SELECT coalesce(max(q.no), 0) AS latest
                      FROM run_states q
                     WHERE q.run_no = r.run_no AND q.state = 'queued' AND q.by NOT IN ('run-manager', 'trainer')) AS asked
        WHERE s.run_no = r.run_no AND s.state = 'paused' AND s.by = 'trainer') AS paused
 WHERE r.state = 'paused' AND r.hold = %(hold)s
 ORDER BY r.run_no
   FOR NO KEY UPDATE OF r SKIP LOCKED;
