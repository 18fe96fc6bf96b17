-- drop_holds: paused runs that would go on by themselves wait for a person from now on.
-- parameters: run_nos int[]
-- columns:    none
UPDATE runs SET hold = NULL WHERE run_no = ANY(%(run_nos)s) AND hold IS NOT NULL;
