-- runs_with_heirs: which of these runs others have gone on from that inherit from them.
-- parameters: run_nos int[]
-- columns:    run_no int
SELECT DISTINCT parent_no FROM runs WHERE parent_no = ANY(%(run_nos)s);
