-- advance_progress: how far a run is; reports of older attempts and late ones change nothing.
-- parameters: run_no int, attempt int, epochs_done int, steps_done int8
-- columns:    none
UPDATE runs
   SET epochs_done = %(epochs_done)s, steps_done = %(steps_done)s, progress_attempt = %(attempt)s
 WHERE run_no = %(run_no)s
   AND (%(attempt)s, %(steps_done)s, %(epochs_done)s) > (progress_attempt, steps_done, epochs_done);
