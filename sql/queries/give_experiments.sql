-- give_experiments: make another account the owner of everything that one has.
-- parameters: user_id uuid (from), heir_id uuid (to)
-- columns:    experiments int8, runs int8
WITH given AS (
    UPDATE experiments SET owner_id = %(heir_id)s WHERE owner_id = %(user_id)s RETURNING experiment_id
), told AS (
    UPDATE runs SET owner_id = %(heir_id)s WHERE owner_id = %(user_id)s RETURNING run_id
), tombstones AS (
    UPDATE deleted_runs SET owner_id = %(heir_id)s WHERE owner_id = %(user_id)s
)
SELECT (SELECT count(*) FROM given), (SELECT count(*) FROM told);
