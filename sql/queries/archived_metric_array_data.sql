-- archived_metric_array_data: the numbers of some metric arrays of a run.
-- parameters: run_no int, metrics text[], layers text[], tensors text[], epochs int[], steps int8[] (of each array)
-- columns:    metric text, layer text, tensor text, epoch int, step int8, data bytea, edges float8[]
SELECT a.metric, a.layer, a.tensor, a.epoch, a.step, a.data, a.edges
  FROM unnest(%(metrics)s::text[], %(layers)s::text[], %(tensors)s::text[], %(epochs)s::int[], %(steps)s::int8[])
       AS wanted (metric, layer, tensor, epoch, step)
 CROSS JOIN LATERAL (
       SELECT metric, layer, tensor, epoch, step, data, edges
         FROM metric_arrays
        WHERE run_no = %(run_no)s AND metric = wanted.metric AND layer = wanted.layer AND tensor = wanted.tensor
          AND epoch = wanted.epoch AND step = wanted.step) AS a;
