-- place_fork: where a fork that has not begun goes on, once the file it begins from is known.
-- parameters: run_id uuid, epochs int, steps int8
-- columns:    run_no int; no row if it has begun
UPDATE runs SET inherited_epochs = %(epochs)s, captures_before = %(epochs)s, inherited_steps = %(steps)s,
                epochs_done = %(epochs)s, steps_done = %(steps)s
 WHERE run_id = %(run_id)s AND attempt = 0
RETURNING run_no;
