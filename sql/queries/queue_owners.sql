-- queue_owners: whose runs these are.
-- parameters: run_nos int[]
-- columns:    owner_id uuid
SELECT DISTINCT owner_id FROM runs WHERE run_no = ANY(%(run_nos)s) ORDER BY owner_id;
