-- What a list of runs is sorted by and the specification holds: read once when a run is made, and not of ten thousand
-- specifications each time that a page of the list is asked for.
ALTER TABLE runs
    ADD COLUMN optimizer text GENERATED ALWAYS AS (spec #>> '{configuration,optimizer,name}') STORED,
    ADD COLUMN loss_function text GENERATED ALWAYS AS (spec #>> '{configuration,loss_function,name}') STORED,
    ADD COLUMN learning_rate float8 GENERATED ALWAYS AS ((spec #>> '{configuration,learning_rate}')::float8) STORED;
