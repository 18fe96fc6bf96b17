-- set_run_state: change the state of a locked run, note it in its history, tell listeners.
-- parameters: run_no int, state text, is_final boolean, is_active boolean, by text, why text, error text
-- columns:    none of interest
WITH changed AS (
    UPDATE runs
       SET state = %(state)s,
           error = CASE WHEN %(state)s = 'queued' THEN NULL ELSE coalesce(%(error)s, error) END,
           started_at = CASE WHEN %(state)s = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
           ended_at = CASE WHEN %(is_final)s THEN now() END,
           manager_id = CASE WHEN %(is_active)s THEN manager_id END,
           heartbeat_at = CASE WHEN %(is_active)s THEN now() END
     WHERE run_no = %(run_no)s
    RETURNING run_no, run_id, state, attempt
), noted AS (
    INSERT INTO run_states (run_no, state, attempt, by, why, error)
    SELECT run_no, state, attempt, %(by)s, %(why)s, %(error)s FROM changed
)
SELECT pg_notify('nntracker_runs', run_id::text),
       CASE WHEN state = 'queued' THEN pg_notify('nntracker_queue', run_id::text) END
  FROM changed;
