-- set_run_state: change the state of locked runs, note it in their histories, tell listeners.
-- parameters: run_nos int[], state text, is_final boolean, is_at_work boolean, is_trainer boolean, by text, why text,
--             error text, hold text (NULL: none)
-- columns:    none of interest
WITH changed AS (
    UPDATE runs
       SET state = %(state)s,
           error = CASE WHEN %(state)s = 'queued' THEN NULL ELSE coalesce(%(error)s, error) END,
           hold = %(hold)s,
           started_at = CASE WHEN %(state)s = 'running' THEN coalesce(started_at, now()) ELSE started_at END,
           ended_at = CASE WHEN %(is_final)s THEN now() END,
           manager_id = CASE WHEN %(is_at_work)s THEN manager_id END,
           -- A wish of a person is no sign of life of the trainer.
           heartbeat_at = CASE WHEN %(is_at_work)s AND %(is_trainer)s THEN now()
                               WHEN %(is_at_work)s THEN heartbeat_at END
     WHERE run_no = ANY(%(run_nos)s)
    RETURNING run_no, run_id, experiment_id, state, attempt
), noted AS (
    INSERT INTO run_states (run_no, state, attempt, by, why, error)
    SELECT run_no, state, attempt, %(by)s, %(why)s, %(error)s FROM changed
)
SELECT pg_notify('nntracker_runs', run_id::text),
       -- Equal notifications of a transaction are one: the queue hears of an experiment once.
       CASE WHEN state = 'queued' THEN pg_notify('nntracker_queue', experiment_id::text) END,
       CASE WHEN state IN ('pausing', 'stopping') THEN pg_notify('nntracker_control', run_id::text) END
  FROM changed;
