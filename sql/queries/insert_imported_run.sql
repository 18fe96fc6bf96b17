-- insert_imported_run: a run from an archive, with its tags, unless its id is taken.
-- parameters: run_id uuid, experiment_id uuid, name text, position int, configuration_index int, fold int, spec json,
--             state text, attempt int, cpu float8, gpu float8, epochs_done int, steps_done int8, progress_attempt int,
--             total_epochs int, error text, priority int, origin text, inherited_epochs int, inherited_steps int8,
--             captures_before int, parent_no int, created_at, started_at, ended_at timestamptz, tags text[]
-- columns:    run_no int; no row if the id is taken
WITH new AS (
    INSERT INTO runs (run_id, experiment_id, owner_id, experiment_no, name, position, configuration_index, fold, spec,
                      state, attempt, cpu, gpu, epochs_done, steps_done, progress_attempt, total_epochs, error, priority,
                      origin, inherited_epochs, inherited_steps, captures_before, parent_no, created_at, started_at,
                      ended_at)
    SELECT %(run_id)s, e.experiment_id, e.owner_id, e.experiment_no, %(name)s, %(position)s, %(configuration_index)s,
           %(fold)s::int, %(spec)s::json, %(state)s, %(attempt)s, %(cpu)s, %(gpu)s, %(epochs_done)s, %(steps_done)s,
           %(progress_attempt)s, %(total_epochs)s, %(error)s, %(priority)s, %(origin)s, %(inherited_epochs)s::int,
           %(inherited_steps)s::int8, %(captures_before)s::int, %(parent_no)s::int, %(created_at)s::timestamptz,
           %(started_at)s::timestamptz, %(ended_at)s::timestamptz
      FROM experiments e
     WHERE e.experiment_id = %(experiment_id)s
    ON CONFLICT DO NOTHING
    RETURNING run_no
), tagged AS (
    INSERT INTO run_tags (run_no, tag) SELECT run_no, tag FROM new, unnest(%(tags)s::text[]) AS tag
)
SELECT run_no FROM new;
