-- delete_runs: remove runs, with a tombstone of each; all else of them goes by cascade.
-- parameters: run_nos int[], by text
-- columns:    none of interest
WITH gone AS (
    DELETE FROM runs WHERE run_no = ANY(%(run_nos)s) RETURNING run_id, run_no, owner_id, name,
           spec -> 'checkpoints' ->> 'location' AS location
), noted AS (
    INSERT INTO deleted_runs (run_id, run_no, owner_id, name, location, by)
    SELECT run_id, run_no, owner_id, name, location, %(by)s FROM gone
    -- A run that was submitted again after its deletion has the same id.
    ON CONFLICT (run_id) DO UPDATE
       SET run_no = excluded.run_no, by = excluded.by, location = excluded.location,
           deleted_at = now(), files_removed_at = NULL
)
SELECT pg_notify('nntracker_runs', run_id::text) FROM gone;
