-- What training reports. Both tables begin their key with run_no, so that TimescaleDB can partition by it and a
-- batch that is sent twice still changes nothing.
CREATE TABLE metrics (
    run_no  integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric  text NOT NULL,
    layer   text NOT NULL DEFAULT '', -- '' for a metric of the whole run
    tensor  text NOT NULL DEFAULT '',
    epoch   integer NOT NULL,         -- 0-based, as Keras counts
    step    bigint NOT NULL,          -- optimizer updates made since the start of the run
    value   float8 NOT NULL,          -- the metric's own unit; NaN and infinities as they were
    time    timestamptz NOT NULL,     -- when the training process saw it
    attempt integer NOT NULL,
    PRIMARY KEY (run_no, metric, layer, tensor, epoch, step)
);

-- The newest value of each metric of a run, so that a list of runs need not search the history.
CREATE TABLE run_last_metrics (
    run_no  integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric  text NOT NULL,
    epoch   integer NOT NULL,
    step    bigint NOT NULL,
    value   float8 NOT NULL,
    time    timestamptz NOT NULL,
    attempt integer NOT NULL,
    PRIMARY KEY (run_no, metric)
);

CREATE TABLE weight_arrays (
    run_no      integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    layer_name  text NOT NULL,
    tensor      text NOT NULL,      -- kernel, bias, gamma, moving_mean, ...
    epoch       integer NOT NULL,
    part        integer NOT NULL,   -- 0, 1, ...: PostgreSQL holds at most 1 GB in a field
    layer_index integer NOT NULL,
    dtype       text NOT NULL,      -- NumPy's name: float32, bfloat16, int8, ...
    shape       integer[] NOT NULL, -- of the whole array; {} for a single number
    data        bytea NOT NULL,     -- little-endian, C order; this part of it
    step        bigint NOT NULL,
    time        timestamptz NOT NULL,
    attempt     integer NOT NULL,
    PRIMARY KEY (run_no, layer_name, tensor, epoch, part)
);
-- Trained weights are noise to a compressor: it would halve the speed and save nothing.
ALTER TABLE weight_arrays ALTER COLUMN data SET STORAGE EXTERNAL;
