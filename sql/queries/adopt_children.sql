-- adopt_children: a run's forks and reruns become those of its parent; what they inherited stays theirs.
-- parameters: run_no int
-- columns:    none
UPDATE runs c
   SET parent_no = p.parent_no,
       -- They have copies of all that came after the parent's own beginning.
       inherited_steps = CASE WHEN c.inherited_steps IS NOT NULL AND p.inherited_steps IS NOT NULL
                              THEN least(c.inherited_steps, p.inherited_steps) END,
       captures_before = CASE WHEN c.captures_before IS NOT NULL AND p.captures_before IS NOT NULL
                              THEN least(c.captures_before, p.captures_before) END
  FROM runs p
 WHERE p.run_no = %(run_no)s AND c.parent_no = p.run_no;
