-- remove_tags: take tags off runs.
-- parameters: run_nos int[], tags text[]
-- columns:    run_id uuid (of each run that lost one)
WITH removed AS (
    DELETE FROM run_tags WHERE run_no = ANY(%(run_nos)s) AND tag = ANY(%(tags)s) RETURNING run_no
), changed AS (
    SELECT DISTINCT r.run_id FROM removed JOIN runs r USING (run_no)
)
SELECT run_id, pg_notify('nntracker_runs', run_id::text) FROM changed;
