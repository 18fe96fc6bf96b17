-- note_first_step: a run that was asked to pause or stop has made its first step nevertheless.
-- parameters: run_no int
-- columns:    none
UPDATE runs SET started_at = coalesce(started_at, now()), heartbeat_at = now() WHERE run_no = %(run_no)s;
