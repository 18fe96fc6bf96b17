-- lost_workers: how many workers of a run died one after the other since an attempt last finished an epoch or a
--               person last queued it.
-- parameters: run_no int
-- columns:    lost int
SELECT count(DISTINCT s.attempt)::int
  FROM runs r
  JOIN run_states s USING (run_no)
 WHERE r.run_no = %(run_no)s
   AND s.state = 'queued' AND s.by = 'run-manager' AND s.error IS NOT NULL
   AND s.attempt > r.progress_attempt
   AND s.no > (SELECT coalesce(max(p.no), 0) FROM run_states p
                WHERE p.run_no = r.run_no AND p.state = 'queued' AND p.by NOT IN ('run-manager', 'trainer'));
