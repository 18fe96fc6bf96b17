-- next_configuration_index: the first index behind those of an experiment's configurations.
-- parameters: experiment_id uuid
-- columns:    configuration_index int
SELECT max(configuration_index) + 1 FROM runs WHERE experiment_id = %(experiment_id)s;
