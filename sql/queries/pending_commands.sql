-- pending_commands: which runs have commands whose outcome is not settled.
-- parameters: run_nos int[]
-- columns:    verb text, by text, run_nos int[]; one row for each verb and person
SELECT c.verb, c.by, array_agg(DISTINCT r.run_no ORDER BY r.run_no)
  FROM runs r
  JOIN command_targets t ON t.run_id = r.run_id AND t.outcome = 'pending'
  JOIN commands c USING (command_id)
 WHERE r.run_no = ANY(%(run_nos)s)
 GROUP BY c.verb, c.by
 ORDER BY min(c.command_no);
