-- prioritise_runs: move runs among their owner's own in the queue.
-- parameters: run_nos int[], priority int (the higher goes first)
-- columns:    none of interest
WITH moved AS (
    UPDATE runs SET priority = %(priority)s WHERE run_no = ANY(%(run_nos)s) RETURNING run_id, experiment_id, state
)
SELECT pg_notify('nntracker_runs', run_id::text),
       CASE WHEN state = 'queued' THEN pg_notify('nntracker_queue', experiment_id::text) END
  FROM moved;
