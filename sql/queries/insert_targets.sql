-- insert_targets: what has become of a command for each of its runs; lists of equal length, one place a run.
-- parameters: command_id uuid, run_nos int[], run_ids uuid[], run_names text[], outcomes text[], whys text[],
--             new_run_ids uuid[]
-- columns:    none
WITH noted AS (
    INSERT INTO command_targets (command_id, run_no, run_id, run_name, outcome, why, new_run_id, settled_at)
    SELECT %(command_id)s, given.run_no, given.run_id, given.run_name, given.outcome, given.why, given.new_run_id,
           CASE WHEN given.outcome <> 'pending' THEN now() END
      FROM unnest(%(run_nos)s::int[], %(run_ids)s::uuid[], %(run_names)s::text[], %(outcomes)s::text[],
                  %(whys)s::text[], %(new_run_ids)s::uuid[])
           AS given (run_no, run_id, run_name, outcome, why, new_run_id)
)
SELECT pg_notify('nntracker_commands', %(command_id)s::text);
