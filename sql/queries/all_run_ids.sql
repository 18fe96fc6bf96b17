-- all_run_ids: ids of an owner's runs, newest first.
-- parameters: owner_id uuid
-- columns:    run_id uuid
SELECT run_id FROM runs WHERE owner_id = %(owner_id)s ORDER BY run_no DESC;
