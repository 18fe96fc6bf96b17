-- insert_imported_states: the history of a run from an archive, oldest first.
-- parameters: run_no int, states text[], attempts int[], bys text[], whys text[], errors text[], times timestamptz[]
-- columns:    none
INSERT INTO run_states (run_no, state, attempt, by, why, error, time)
SELECT %(run_no)s, state, attempt, by, why, error, time
  FROM unnest(%(states)s::text[], %(attempts)s::int[], %(bys)s::text[], %(whys)s::text[], %(errors)s::text[],
              %(times)s::timestamptz[]) WITH ORDINALITY AS said (state, attempt, by, why, error, time, place)
 ORDER BY place;
