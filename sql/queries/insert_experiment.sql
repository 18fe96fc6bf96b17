-- insert_experiment: an experiment, unless it is there already.
-- parameters: experiment_id uuid, owner_id uuid, name text, config json, max_concurrent int
-- columns:    none
INSERT INTO experiments (experiment_id, owner_id, name, config, max_concurrent)
VALUES (%(experiment_id)s, %(owner_id)s, %(name)s, %(config)s::json, %(max_concurrent)s)
-- No target named, and nothing updated: either would ask whether a row that is not there yet may be seen.
ON CONFLICT DO NOTHING;
