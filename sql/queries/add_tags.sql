-- add_tags: put tags on runs; those that are there stay.
-- parameters: run_nos int[], tags text[]
-- columns:    run_id uuid (of each run that got a new one)
WITH added AS (
    INSERT INTO run_tags (run_no, tag)
    SELECT run_no, tag FROM unnest(%(run_nos)s::int[]) AS run_no CROSS JOIN unnest(%(tags)s::text[]) AS tag
    ON CONFLICT DO NOTHING
    RETURNING run_no
), changed AS (
    SELECT DISTINCT r.run_id FROM added JOIN runs r USING (run_no)
)
SELECT run_id, pg_notify('nntracker_runs', run_id::text) FROM changed;
