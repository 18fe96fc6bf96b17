-- announce_runs: tell listeners that something of these runs changed; heard at commit, once per run.
-- parameters: run_nos int[]
-- columns:    none of interest
SELECT pg_notify('nntracker_runs', run_id::text) FROM runs WHERE run_no = ANY(%(run_nos)s);
