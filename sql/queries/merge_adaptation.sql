-- merge_adaptation: one change of a run; of two attempts the later counts, within one the later change.
-- parameters: run_no int, parameter text, epoch int, step int8, old float8, new float8, cause text, time timestamptz, attempt int
-- columns:    none
INSERT INTO adaptations (run_no, parameter, epoch, step, old, new, cause, time, attempt)
VALUES (%(run_no)s, %(parameter)s, %(epoch)s, %(step)s, %(old)s, %(new)s, %(cause)s, %(time)s, %(attempt)s)
-- An attempt that goes on from a checkpoint makes again the changes that came after it.
ON CONFLICT (run_no, parameter, step) DO UPDATE
   SET epoch = excluded.epoch, old = excluded.old, new = excluded.new, cause = excluded.cause, time = excluded.time,
       attempt = excluded.attempt
 WHERE (excluded.attempt, excluded.time) > (adaptations.attempt, adaptations.time);
