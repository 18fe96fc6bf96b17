-- count_experiments: how many experiments `list_experiments` pages through.
-- parameters: owner_id uuid
-- columns:    experiments int8
SELECT count(*) FROM experiments WHERE owner_id = %(owner_id)s;
