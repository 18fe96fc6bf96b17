-- delete_runs: remove runs, with a tombstone of each; all else of them goes by cascade.
-- parameters: run_nos int[], by text
-- columns:    none of interest
WITH gone AS (
    DELETE FROM runs WHERE run_no = ANY(%(run_nos)s) RETURNING run_id, run_no, owner_id, experiment_id, name,
           spec -> 'checkpoints' ->> 'location' AS location
), noted AS (
    INSERT INTO deleted_runs (run_id, run_no, owner_id, experiment_id, name, location, by, seen_by)
    SELECT run_id, run_no, owner_id, experiment_id, name, location, %(by)s,
           ARRAY(SELECT s.user_id FROM experiment_shares s WHERE s.experiment_id = gone.experiment_id
                 UNION ALL
                 SELECT l.link_id FROM share_links l
                  WHERE l.experiment_id = gone.experiment_id AND l.revoked_at IS NULL AND l.expires_at > now())
      FROM gone
    -- A run that was submitted again after its deletion has the same id.
    ON CONFLICT (run_id) DO UPDATE
       SET run_no = excluded.run_no, owner_id = excluded.owner_id, experiment_id = excluded.experiment_id,
           by = excluded.by, location = excluded.location, seen_by = excluded.seen_by,
           deleted_at = now(), files_removed_at = NULL
)
SELECT pg_notify('nntracker_runs', run_id::text) FROM gone;
