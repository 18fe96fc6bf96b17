-- What a look inside a network has found that is more than one number: histograms, rows of similarities. The key is that
-- of metrics. Small rows, most of whose bytes are zeros: they are compressed where they are large, unlike weights.
CREATE TABLE metric_arrays (
    run_no  integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric  text NOT NULL,
    layer   text NOT NULL DEFAULT '', -- '' for what concerns a step as a whole
    tensor  text NOT NULL DEFAULT '',
    epoch   integer NOT NULL,         -- 0-based, as Keras counts
    step    bigint NOT NULL,          -- optimizer updates made, the one looked at among them
    dtype   text NOT NULL,            -- NumPy's name: int64, float32, bfloat16, ...
    shape   integer[] NOT NULL,       -- {} for a single number
    data    bytea NOT NULL,           -- little-endian, C order; counts of a histogram
    edges   float8[],                 -- of a histogram, one more than counts; NULL: it is none
    time    timestamptz NOT NULL,     -- when the training process saw it
    attempt integer NOT NULL,
    PRIMARY KEY (run_no, metric, layer, tensor, epoch, step)
);
GRANT SELECT ON metric_arrays TO nntracker_reader;
