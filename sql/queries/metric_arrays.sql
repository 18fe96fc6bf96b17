-- metric_arrays: some arrays of one series of a run, in order.
-- parameters: run_no int, metric text, layer text, tensor text, epochs int[], steps int8[] (of each array that is wanted)
-- columns:    epoch int, step int8, time timestamptz, dtype text, shape int[], data bytea, edges float8[]
SELECT a.epoch, a.step, a.time, a.dtype, a.shape, a.data, a.edges
  FROM unnest(%(epochs)s::int[], %(steps)s::int8[]) AS wanted (epoch, step)
 CROSS JOIN LATERAL (
       SELECT epoch, step, time, dtype, shape, data, edges
         FROM metric_arrays
        WHERE run_no = %(run_no)s AND metric = %(metric)s AND layer = %(layer)s AND tensor = %(tensor)s
          AND epoch = wanted.epoch AND step = wanted.step) AS a
 ORDER BY a.epoch, a.step;
