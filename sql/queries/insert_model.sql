-- insert_model: give a stored model a name and an owner.
-- parameters: owner_id uuid, name text, digest text, is_public bool, facts json
-- columns:    model_id uuid; no row if the owner has another of that name
INSERT INTO models (owner_id, name, digest, is_public, facts)
VALUES (%(owner_id)s, %(name)s, %(digest)s, %(is_public)s, %(facts)s::json)
ON CONFLICT (owner_id, name) DO NOTHING
RETURNING model_id;
