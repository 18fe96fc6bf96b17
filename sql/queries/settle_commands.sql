-- settle_commands: what pending commands of one verb have become for some runs.
-- parameters: run_nos int[], verb text, outcome text, why text
-- columns:    none of interest
WITH settled AS (
    UPDATE command_targets t
       SET outcome = %(outcome)s, why = %(why)s, settled_at = now()
      FROM commands c, runs r
     WHERE c.command_id = t.command_id AND r.run_id = t.run_id
       AND r.run_no = ANY(%(run_nos)s) AND t.outcome = 'pending' AND c.verb = %(verb)s
    RETURNING t.command_id
)
SELECT pg_notify('nntracker_commands', command_id::text) FROM (SELECT DISTINCT command_id FROM settled) AS touched;
