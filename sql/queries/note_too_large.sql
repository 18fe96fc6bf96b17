-- note_too_large: add to the last word on each of a user's queued runs of one size why it waits, unless it is there.
-- parameters: owner_id uuid, cpu float8 (cores), gpu float8 (GPUs), why text
-- columns:    none
-- No row of its own: a row of the history is a change of state.
UPDATE run_states s
   SET why = concat_ws('; ', nullif(s.why, ''), %(why)s)
  FROM runs r
 CROSS JOIN LATERAL (
       SELECT l.no, l.why FROM run_states l WHERE l.run_no = r.run_no ORDER BY l.no DESC LIMIT 1) AS last
 WHERE r.state = 'queued' AND r.owner_id = %(owner_id)s AND r.cpu = %(cpu)s AND r.gpu = %(gpu)s
   AND strpos(last.why, %(why)s) = 0 AND s.run_no = r.run_no AND s.no = last.no;
