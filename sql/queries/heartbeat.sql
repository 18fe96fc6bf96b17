-- heartbeat: a trainer lives.
-- parameters: run_no int, attempt int
-- columns:    run_no int; no row if a newer attempt exists, or the run no longer does
UPDATE runs SET heartbeat_at = now() WHERE run_no = %(run_no)s AND attempt = %(attempt)s RETURNING run_no;
