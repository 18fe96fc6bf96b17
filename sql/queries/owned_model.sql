-- owned_model: an account's model of a name.
-- parameters: owner_id uuid, name text
-- columns:    model_id uuid, digest text
SELECT model_id, digest FROM models WHERE owner_id = %(owner_id)s AND name = %(name)s;
