-- give_experiments: make another account the owner of everything that one has.
-- parameters: user_id uuid (from), heir_id uuid (to)
-- columns:    experiments int8, runs int8
WITH given AS (
    UPDATE experiments SET owner_id = %(heir_id)s WHERE owner_id = %(user_id)s RETURNING experiment_id
), told AS (
    UPDATE runs SET owner_id = %(heir_id)s WHERE owner_id = %(user_id)s RETURNING run_id
), given_datasets AS (
    -- Where the heir has another one of that name, it gets the beginning of the former owner's id into its own.
    UPDATE datasets d
       SET owner_id = %(heir_id)s,
           name = CASE WHEN EXISTS (SELECT FROM datasets h WHERE h.owner_id = %(heir_id)s AND h.name = d.name)
                       THEN regexp_replace(left(d.name, 85), '(\.\w{1,8})?$', ' (' || left(d.owner_id::text, 8) || ')\1')
                       ELSE d.name END
     WHERE d.owner_id = %(user_id)s
), given_models AS (
    UPDATE models m
       SET owner_id = %(heir_id)s,
           name = CASE WHEN EXISTS (SELECT FROM models h WHERE h.owner_id = %(heir_id)s AND h.name = m.name)
                       THEN regexp_replace(left(m.name, 85), '(\.\w{1,8})?$', ' (' || left(m.owner_id::text, 8) || ')\1')
                       ELSE m.name END
     WHERE m.owner_id = %(user_id)s
), tombstones AS (
    UPDATE deleted_runs SET owner_id = %(heir_id)s WHERE owner_id = %(user_id)s
)
SELECT (SELECT count(*) FROM given), (SELECT count(*) FROM told);
