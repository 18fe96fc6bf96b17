-- insert_experiment: an experiment, unless it is there already; it then stays until the end of the transaction.
-- parameters: experiment_id uuid, owner_id uuid, name text, config json, max_concurrent int
-- columns:    none
INSERT INTO experiments (experiment_id, owner_id, name, config, max_concurrent)
VALUES (%(experiment_id)s, %(owner_id)s, %(name)s, %(config)s::json, %(max_concurrent)s)
-- An update that changes nothing locks the row: nobody deletes the experiment, left empty, before its runs are in.
ON CONFLICT (experiment_id) DO UPDATE SET name = experiments.name;
