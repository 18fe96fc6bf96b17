-- extend_runs: give runs more epochs.
-- parameters: extended json (list of objects with run_no, spec and total, the epochs)
-- columns:    none of interest
WITH extended AS (
    UPDATE runs r SET spec = given.spec, total_epochs = given.total
      FROM json_to_recordset(%(extended)s::json) AS given (run_no int, spec json, total int)
     WHERE r.run_no = given.run_no
    RETURNING r.run_id
)
SELECT pg_notify('nntracker_runs', run_id::text) FROM extended;
