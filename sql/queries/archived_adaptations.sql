-- archived_adaptations: every change that a run itself has made, also those that a later attempt went back behind.
-- parameters: run_no int
-- columns:    parameter text, epoch int, step int8, old float8, new float8, cause text, time timestamptz, attempt int
SELECT parameter, epoch, step, old, new, cause, time, attempt
  FROM adaptations WHERE run_no = %(run_no)s ORDER BY step, parameter;
