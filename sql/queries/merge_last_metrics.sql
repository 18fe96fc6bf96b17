-- merge_last_metrics: the newest values of the runs' own metrics, into run_last_metrics.
-- parameters: run_nos int[], metrics text[], epochs int[], steps int8[], values float8[], times timestamptz[],
--             attempts int[]; all of one length, each run and metric once, in order of their key
-- columns:    none
INSERT INTO run_last_metrics (run_no, metric, epoch, step, value, time, attempt)
SELECT * FROM unnest(%(run_nos)s::int[], %(metrics)s::text[], %(epochs)s::int[], %(steps)s::int8[], %(values)s::float8[],
                     %(times)s::timestamptz[], %(attempts)s::int[])
ON CONFLICT (run_no, metric) DO UPDATE
   SET epoch = excluded.epoch, step = excluded.step, value = excluded.value, time = excluded.time,
       attempt = excluded.attempt
 WHERE (excluded.epoch, excluded.step, excluded.attempt, excluded.time)
     > (run_last_metrics.epoch, run_last_metrics.step, run_last_metrics.attempt, run_last_metrics.time);
