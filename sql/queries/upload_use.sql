-- upload_use: what an account's uploads take.
-- parameters: owner_id uuid, model_bytes int8 (what a model counts as)
-- columns:    bytes int8
SELECT (SELECT coalesce(sum(bytes), 0) FROM datasets WHERE owner_id = %(owner_id)s)::int8
       + (SELECT count(*) FROM models WHERE owner_id = %(owner_id)s) * %(model_bytes)s::int8;
