-- layer_curves: what was measured inside a run, one row per metric, layer and tensor, its points as arrays in drawing
--               order. Metrics of a step as a whole have a name with a "/", and '' as layer and tensor.
-- parameters: run_no int, metrics text[], layers text[], tensors text[] (each NULL: all), after_epoch int,
--             after_step int8 (both -1: from the start), up_to_step int8 (NULL: all)
-- columns:    metric text, layer text, tensor text, epochs int[], steps int8[], values float8[], times timestamptz[]
SELECT metric, layer, tensor, array_agg(epoch), array_agg(step), array_agg(value), array_agg(time)
  -- Sorted once here, and not once for each array.
  FROM (SELECT metric, layer, tensor, epoch, step, value, time
          FROM metrics
         WHERE run_no = %(run_no)s
           AND (layer <> '' OR tensor <> '' OR strpos(metric, '/') > 0)
           AND (%(metrics)s::text[] IS NULL OR metric = ANY(%(metrics)s))
           AND (%(layers)s::text[] IS NULL OR layer = ANY(%(layers)s))
           AND (%(tensors)s::text[] IS NULL OR tensor = ANY(%(tensors)s))
           AND epoch > %(after_epoch)s
           AND step > %(after_step)s
           AND (%(up_to_step)s::int8 IS NULL OR step <= %(up_to_step)s)
         ORDER BY metric, layer, tensor, epoch, step) AS points
 GROUP BY metric, layer, tensor
 ORDER BY metric, layer, tensor;
