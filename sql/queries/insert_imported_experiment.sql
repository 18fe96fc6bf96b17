-- insert_imported_experiment: an experiment from an archive, unless its id is taken.
-- parameters: experiment_id uuid, owner_id uuid, name text, config json, max_concurrent int, created_at timestamptz
-- columns:    none; one row is affected, or none if the id is taken
INSERT INTO experiments (experiment_id, owner_id, name, config, max_concurrent, created_at)
VALUES (%(experiment_id)s, %(owner_id)s, %(name)s, %(config)s::json, %(max_concurrent)s, %(created_at)s)
-- No target named: the importer need not be allowed to see whose id it is.
ON CONFLICT DO NOTHING;
