-- correct_fork: a fork's row says where it begins as its trainer found it, if that is another place than was thought.
-- parameters: run_no int
-- columns:    run_no int; no row if the row says so already
UPDATE runs r
   SET inherited_epochs = f.epochs, captures_before = f.epochs, inherited_steps = f.steps, epochs_done = f.epochs,
       steps_done = f.steps
  FROM (SELECT run_no, (value ->> 'epochs_done')::int AS epochs, (value ->> 'steps_done')::int8 AS steps
          FROM run_facts WHERE key = 'forked_from') AS f,
       runs p
 WHERE r.run_no = %(run_no)s AND f.run_no = r.run_no AND (r.inherited_epochs, r.inherited_steps) <> (f.epochs, f.steps)
   -- Once its parent is deleted it has copies up to where it was thought to begin, and nothing more to find.
   AND p.run_no = r.parent_no AND p.run_id::text = r.spec -> 'origin' ->> 'run_id'
RETURNING r.run_no;
