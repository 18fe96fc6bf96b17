-- extend_runs: give runs more epochs; lists of equal length, one place a run.
-- parameters: run_nos int[], specs text[] (JSON), totals int[] (epochs)
-- columns:    none of interest
WITH extended AS (
    UPDATE runs r SET spec = given.spec::json, total_epochs = given.total
      FROM unnest(%(run_nos)s::int[], %(specs)s::text[], %(totals)s::int[]) AS given (run_no, spec, total)
     WHERE r.run_no = given.run_no
    RETURNING r.run_id
)
SELECT pg_notify('nntracker_runs', run_id::text) FROM extended;
