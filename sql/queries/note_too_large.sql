-- note_too_large: say in the history of a user's queued runs of one size why they wait, unless it was the last thing said.
-- parameters: owner_id uuid, cpu float8 (cores), gpu float8 (GPUs), why text
-- columns:    none
INSERT INTO run_states (run_no, state, attempt, by, why)
SELECT r.run_no, 'queued', r.attempt, 'run-manager', %(why)s
  FROM runs r
  CROSS JOIN LATERAL (
       SELECT s.why FROM run_states s WHERE s.run_no = r.run_no ORDER BY s.no DESC LIMIT 1) AS last
 WHERE r.state = 'queued' AND r.owner_id = %(owner_id)s AND r.cpu = %(cpu)s AND r.gpu = %(gpu)s
   AND last.why <> %(why)s;
