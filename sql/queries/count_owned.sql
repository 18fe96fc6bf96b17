-- count_owned: how many experiments an account has.
-- parameters: owner_id uuid
-- columns:    experiments int8
SELECT count(*) FROM experiments WHERE owner_id = %(owner_id)s;
