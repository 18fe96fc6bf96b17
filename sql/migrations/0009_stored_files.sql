-- Datasets and models that people have uploaded. The files lie in the data folder under their digests, one copy however
-- often they are used; a row gives one a name, an owner, and says who else may use it.
CREATE TABLE datasets (
    dataset_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL, -- safe characters only, as DatasetRef has it
    digest     text NOT NULL, -- SHA-256 of the content, hex
    is_public  boolean NOT NULL DEFAULT false,
    kind       text NOT NULL, -- npz, csv, arff, json, pickle, images
    bytes      bigint NOT NULL,
    facts      json NOT NULL, -- rows, columns with their types and ranges, what was found on the way in
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, name)
);
CREATE INDEX datasets_by_digest ON datasets (digest);

CREATE TABLE models (
    model_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id   uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name       text NOT NULL,
    digest     text NOT NULL, -- SHA-256 of the canonical JSON, hex
    is_public  boolean NOT NULL DEFAULT false,
    facts      json NOT NULL, -- layers with output shapes and parameters
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (owner_id, name)
);
CREATE INDEX models_by_digest ON models (digest);
