-- insert_dataset: give a stored dataset a name and an owner.
-- parameters: owner_id uuid, name text, digest text, is_public bool, kind text, bytes int8, facts json
-- columns:    dataset_id uuid; no row if the owner has another of that name
INSERT INTO datasets (owner_id, name, digest, is_public, kind, bytes, facts)
VALUES (%(owner_id)s, %(name)s, %(digest)s, %(is_public)s, %(kind)s, %(bytes)s, %(facts)s::json)
ON CONFLICT (owner_id, name) DO NOTHING
RETURNING dataset_id;
