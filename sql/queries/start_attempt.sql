-- start_attempt: lease a run to a manager and charge its owner; the attempt number fences off every earlier trainer.
-- parameters: owner_id uuid, cpu float8, gpu float8, is_new int, rank int (-priority), experiment_no int, position int, run_no int,
--             full int[] (experiment_no of full experiments), manager_id uuid, virtual_start float8, virtual_time float8
-- columns:    run_no int, run_id uuid, attempt int, spec json; no row if no such run waits any more
WITH next AS (
    SELECT run_no FROM runs
     WHERE state = 'queued' AND owner_id = %(owner_id)s AND cpu = %(cpu)s AND gpu = %(gpu)s
       AND ((attempt = 0), (-priority), experiment_no, position, run_no)
           >= (%(is_new)s::int::boolean, %(rank)s::int, %(experiment_no)s::int, %(position)s::int, %(run_no)s::int)
       AND experiment_no <> ALL(%(full)s::int[])
     ORDER BY (attempt = 0), (-priority), experiment_no, position, run_no
     LIMIT 1
    -- A run that somebody is just changing is passed over for the one behind it, not waited for.
       FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE runs
       SET state = 'starting', attempt = attempt + 1, manager_id = %(manager_id)s, heartbeat_at = now(), error = NULL,
           ended_at = NULL
      FROM next
     WHERE runs.run_no = next.run_no
    RETURNING runs.run_no, run_id, attempt, spec
), noted AS (
    INSERT INTO run_states (run_no, state, attempt, by) SELECT run_no, 'starting', attempt, 'run-manager' FROM leased
), charged AS (
    UPDATE users SET virtual_start = %(virtual_start)s, virtual_time = %(virtual_time)s
     WHERE user_id = %(owner_id)s AND EXISTS (SELECT FROM leased)
)
SELECT run_no, run_id, attempt, spec::text, pg_notify('nntracker_runs', run_id::text) FROM leased;
