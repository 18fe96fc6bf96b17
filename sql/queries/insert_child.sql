-- insert_child: a queued fork or rerun beside its parent; the insertion is noted in its history.
-- parameters: run_id uuid, parent_no int, name text, configuration_index int, spec json, cpu float8, gpu float8,
--             total_epochs int, priority int, tags text[], origin text, inherited_epochs int (NULL: begins anew),
--             inherited_steps int8 (NULL as well), by text, why text
-- columns:    run_no int
WITH new AS (
    -- With its parent's position it stands behind its parent in lists and in the queue.
    INSERT INTO runs (run_id, experiment_id, owner_id, experiment_no, name, position, configuration_index, fold, spec,
                      cpu, gpu, total_epochs, priority, parent_no, origin, inherited_epochs, captures_before,
                      inherited_steps, epochs_done, steps_done)
    SELECT %(run_id)s, p.experiment_id, p.owner_id, p.experiment_no, %(name)s, p.position, %(configuration_index)s,
           p.fold, %(spec)s::json, %(cpu)s, %(gpu)s, %(total_epochs)s, %(priority)s, p.run_no, %(origin)s,
           %(inherited_epochs)s::int, %(inherited_epochs)s::int, %(inherited_steps)s::int8,
           coalesce(%(inherited_epochs)s::int, 0), coalesce(%(inherited_steps)s::int8, 0)
      FROM runs p
     WHERE p.run_no = %(parent_no)s
    RETURNING run_no, run_id, experiment_id
), tagged AS (
    INSERT INTO run_tags (run_no, tag) SELECT run_no, tag FROM new, unnest(%(tags)s::text[]) AS tag
    ON CONFLICT DO NOTHING
), noted AS (
    INSERT INTO run_states (run_no, state, attempt, by, why) SELECT run_no, 'queued', 0, %(by)s, %(why)s FROM new
)
SELECT run_no, pg_notify('nntracker_queue', experiment_id::text), pg_notify('nntracker_runs', run_id::text) FROM new;
