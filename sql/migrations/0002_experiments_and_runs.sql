-- Experiments, their runs, and what happened to each run. This is the queue as well: Ray may vanish, these rows do not.
-- json and not jsonb: it keeps the text, so key order, -0.0 and 1e22 come back as they were sent.
CREATE TABLE experiments (
    experiment_id  uuid PRIMARY KEY,
    experiment_no  integer GENERATED ALWAYS AS IDENTITY UNIQUE, -- order of submission
    owner_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name           text NOT NULL,
    config         json NOT NULL,
    max_concurrent integer CHECK (max_concurrent >= 1), -- runs at work at once; NULL: as many as fit
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX experiments_by_owner ON experiments (owner_id, experiment_no DESC);

CREATE TABLE runs (
    run_no              integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- partition key of everything measured
    run_id              uuid NOT NULL UNIQUE,
    experiment_id       uuid NOT NULL REFERENCES experiments ON DELETE CASCADE,
    name                text NOT NULL,
    position            integer NOT NULL,  -- 0-based place in the grid
    configuration_index integer NOT NULL,  -- equal for the folds and repeats of one configuration
    fold                integer,           -- 0-based; NULL without folds
    spec                json NOT NULL,
    state               text NOT NULL DEFAULT 'queued' CHECK (state IN
        ('queued', 'starting', 'running', 'pausing', 'paused', 'stopping', 'stopped', 'finished', 'failed')),
    attempt             integer NOT NULL DEFAULT 0, -- fencing number: only the trainer of the newest attempt may speak
    manager_id          uuid,
    heartbeat_at        timestamptz,
    cpu                 float8 NOT NULL, -- cores
    gpu                 float8 NOT NULL, -- GPUs, fractions allowed
    epochs_done         integer NOT NULL DEFAULT 0,
    steps_done          bigint NOT NULL DEFAULT 0,
    progress_attempt    integer NOT NULL DEFAULT 0, -- the attempt that epochs_done comes from
    total_epochs        integer NOT NULL,
    error               text,
    created_at          timestamptz NOT NULL DEFAULT now(),
    started_at          timestamptz, -- first step of the first attempt
    ended_at            timestamptz
);
CREATE INDEX runs_in_grid_order ON runs (experiment_id, position);
CREATE INDEX runs_at_work ON runs (state) WHERE state NOT IN ('stopped', 'finished', 'failed');

CREATE TABLE run_states (
    run_no  integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    no      integer GENERATED ALWAYS AS IDENTITY,
    state   text NOT NULL,
    attempt integer NOT NULL,
    by      text NOT NULL, -- who: a user's name, 'run-manager', 'trainer', ...
    why     text NOT NULL DEFAULT '',
    error   text,          -- kept here also after the run was queued again
    time    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_no, no)
);

CREATE TABLE run_tags (
    run_no integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    tag    text NOT NULL,
    PRIMARY KEY (run_no, tag)
);
CREATE INDEX run_tags_by_tag ON run_tags (tag);

CREATE TABLE run_facts (
    run_no  integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    key     text NOT NULL,
    value   json NOT NULL, -- numbers that JSON cannot say are {"$float": "nan" | "inf" | "-inf"}
    attempt integer NOT NULL,
    PRIMARY KEY (run_no, key)
);

CREATE TABLE folds (
    experiment_id uuid NOT NULL REFERENCES experiments ON DELETE CASCADE,
    fold          integer NOT NULL,
    train         bigint[] NOT NULL, -- row numbers in the original training set
    held_out      bigint[] NOT NULL,
    PRIMARY KEY (experiment_id, fold)
);
