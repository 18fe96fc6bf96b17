-- run_to_lock: a run's number, and whether somebody waits for its deletion.
-- parameters: run_id uuid
-- columns:    run_no int, is_doomed boolean; no row if there is no such run
SELECT r.run_no,
       EXISTS (SELECT FROM command_targets t JOIN commands c USING (command_id)
                WHERE t.run_id = r.run_id AND t.outcome = 'pending' AND c.verb = 'delete')
  FROM runs r
 WHERE r.run_id = %(run_id)s;
