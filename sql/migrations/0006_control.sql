-- Acting on runs: commands and their outcomes, shares of users, where a fork came from, what was said and changed.

-- How a user shares the hardware with others. virtual_time grows with what was started for the user, divided by the
-- weight: of the users who wait, the one with the least is next.
ALTER TABLE users
    ADD COLUMN weight       float8  NOT NULL DEFAULT 1 CHECK (weight > 0),
    ADD COLUMN max_running  integer CHECK (max_running >= 0), -- runs at work at once; NULL: no limit
    ADD COLUMN max_queued   integer CHECK (max_queued >= 0),  -- runs that wait; NULL: no limit
    ADD COLUMN virtual_start float8 NOT NULL DEFAULT 0, -- virtual_time when the last run was started, before it was charged
    ADD COLUMN virtual_time float8  NOT NULL DEFAULT 0;

-- The queue asks "which run of this user is next" ten times a second: what orders it stands in the row itself.
ALTER TABLE runs
    ADD COLUMN owner_id         uuid REFERENCES users ON DELETE CASCADE,
    ADD COLUMN experiment_no    integer,
    ADD COLUMN priority         integer NOT NULL DEFAULT 0, -- of the user's own runs the higher goes first
    ADD COLUMN hold             text CHECK (hold IN ('disk')), -- a paused run that goes on by itself once this has passed
    ADD COLUMN parent_no        integer REFERENCES runs ON DELETE SET NULL,
    ADD COLUMN origin           text CHECK (origin IN ('fork', 'rerun')),
    ADD COLUMN inherited_epochs integer, -- complete epochs that a fork has from its parent
    ADD COLUMN inherited_steps  bigint;  -- measurements of the parent up to this step are the fork's history as well
UPDATE runs r SET owner_id = e.owner_id, experiment_no = e.experiment_no
  FROM experiments e WHERE e.experiment_id = r.experiment_id;
ALTER TABLE runs ALTER COLUMN owner_id SET NOT NULL, ALTER COLUMN experiment_no SET NOT NULL;
-- Size before order: the queue steps from one size to the next, and within a size over experiments that are full.
CREATE INDEX runs_waiting ON runs
    (owner_id, cpu, gpu, (attempt = 0), (-priority), experiment_no, position, run_no) WHERE state = 'queued';
-- A run at work that was not heard of for a minute has no trainer, and perhaps no platform is left to say so:
-- people then see what that makes of it.
CREATE FUNCTION shown_state(state text, heartbeat_at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN heartbeat_at > now() - interval '60 s' THEN state
            WHEN state IN ('starting', 'running') THEN 'queued'
            WHEN state = 'pausing' THEN 'paused'
            WHEN state = 'stopping' THEN 'stopped'
            ELSE state END;
CREATE INDEX runs_by_parent ON runs (parent_no) WHERE parent_no IS NOT NULL;

CREATE TABLE commands (
    command_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    command_no integer GENERATED ALWAYS AS IDENTITY UNIQUE, -- order of arrival
    owner_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key        text,          -- the sender's idempotency key: the same again is the same command
    verb       text NOT NULL, -- pause, resume, stop, delete, extend, fork, rerun, prioritise
    arguments  json NOT NULL,
    selection  json NOT NULL, -- which runs were meant, as asked
    by         text NOT NULL, -- who, by name
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, key)
);
CREATE INDEX commands_by_owner ON commands (owner_id, command_no DESC);

CREATE TABLE command_targets (
    command_id uuid NOT NULL REFERENCES commands ON DELETE CASCADE,
    run_id     uuid NOT NULL, -- no foreign key: the outcome of a deletion outlives the run
    run_no     integer NOT NULL,
    run_name   text NOT NULL,
    outcome    text NOT NULL CHECK (outcome IN ('pending', 'done', 'refused')),
    why        text NOT NULL DEFAULT '',
    new_run_id uuid,          -- what a fork or a rerun has made
    settled_at timestamptz,
    PRIMARY KEY (command_id, run_id)
);
CREATE INDEX command_targets_pending ON command_targets (run_id) WHERE outcome = 'pending';

-- Runs that are gone, and whether their files are.
CREATE TABLE deleted_runs (
    run_id           uuid PRIMARY KEY,
    run_no           integer NOT NULL,
    owner_id         uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name             text NOT NULL,
    by               text NOT NULL,
    location         text, -- where copies of its checkpoints are, beside the data folder and NNTRACKER_SHARED
    deleted_at       timestamptz NOT NULL DEFAULT now(),
    files_removed_at timestamptz
);
CREATE INDEX deleted_runs_with_files ON deleted_runs (deleted_at) WHERE files_removed_at IS NULL;

-- Each effective change of a value that governs a training.
CREATE TABLE adaptations (
    run_no    integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    parameter text NOT NULL,   -- learning_rate
    epoch     integer NOT NULL, -- 0-based: the first epoch trained with the new value
    step      bigint NOT NULL,  -- optimizer updates made before the change
    old       float8 NOT NULL,
    new       float8 NOT NULL,
    cause     text NOT NULL,    -- the rule or the person behind it
    time      timestamptz NOT NULL,
    attempt   integer NOT NULL,
    PRIMARY KEY (run_no, parameter, step)
);

-- What a run printed, warned of and logged.
CREATE TABLE run_log (
    run_no  integer NOT NULL REFERENCES runs ON DELETE CASCADE,
    attempt integer NOT NULL,
    line_no integer NOT NULL, -- 0-based within the attempt
    source  text NOT NULL CHECK (source IN ('stdout', 'stderr', 'warning', 'log')),
    level   text NOT NULL DEFAULT '', -- of a log line: INFO, WARNING, ...
    text    text NOT NULL,
    time    timestamptz NOT NULL,
    PRIMARY KEY (run_no, attempt, line_no)
);

GRANT SELECT ON adaptations, run_log TO nntracker_reader;
