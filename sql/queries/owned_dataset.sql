-- owned_dataset: an account's dataset of a name.
-- parameters: owner_id uuid, name text
-- columns:    dataset_id uuid, digest text
SELECT dataset_id, digest FROM datasets WHERE owner_id = %(owner_id)s AND name = %(name)s;
