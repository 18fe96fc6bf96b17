-- start_attempt: lease a run to a manager; its attempt number fences off every earlier trainer.
-- parameters: run_id uuid, manager_id uuid
-- columns:    run_no int, attempt int, spec json
WITH leased AS (
    UPDATE runs
       SET state = 'starting', attempt = attempt + 1, manager_id = %(manager_id)s, heartbeat_at = now(), error = NULL,
           ended_at = NULL
     WHERE run_id = %(run_id)s
    RETURNING run_no, run_id, attempt, spec
), noted AS (
    INSERT INTO run_states (run_no, state, attempt, by) SELECT run_no, 'starting', attempt, 'run-manager' FROM leased
)
SELECT run_no, attempt, spec::text, pg_notify('nntracker_runs', run_id::text) FROM leased;
