-- insert_run: a queued run, unless it is there already; the insertion is noted in its history.
-- parameters: run_id uuid, experiment_id uuid, name text, position int, configuration_index int, fold int, spec json,
--             cpu float8, gpu float8, total_epochs int, priority int, tags text[]
-- columns:    run_no int; no row if the run was there
WITH new AS (
    INSERT INTO runs (run_id, experiment_id, owner_id, experiment_no, name, position, configuration_index, fold, spec,
                      cpu, gpu, total_epochs, priority)
    SELECT %(run_id)s, e.experiment_id, e.owner_id, e.experiment_no, %(name)s, %(position)s, %(configuration_index)s,
           %(fold)s, %(spec)s::json, %(cpu)s, %(gpu)s, %(total_epochs)s, %(priority)s
      FROM experiments e
     WHERE e.experiment_id = %(experiment_id)s
    ON CONFLICT (run_id) DO NOTHING
    RETURNING run_no, run_id, experiment_id
), tagged AS (
    INSERT INTO run_tags (run_no, tag) SELECT run_no, tag FROM new, unnest(%(tags)s::text[]) AS tag
    ON CONFLICT DO NOTHING
), noted AS (
    INSERT INTO run_states (run_no, state, attempt, by, why) SELECT run_no, 'queued', 0, 'owner', 'submitted' FROM new
)
-- The queue hears of an experiment once, however many runs it has: equal notifications of a transaction are one.
SELECT run_no, pg_notify('nntracker_queue', experiment_id::text), pg_notify('nntracker_runs', run_id::text) FROM new;
