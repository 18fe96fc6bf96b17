-- fold_summary: for each configuration of an experiment and each metric, the spread of the runs' last values.
-- parameters: viewer_id uuid, experiment_id uuid
-- columns:    configuration_index int, name text (of the configuration), runs int8, metric text, mean float8,
--             std float8 (of a sample, n - 1; NULL for one run)
SELECT r.configuration_index,
       -- "FileSim (LR1) (2)" is fold 2 of "FileSim (LR1)", and "FileSim (LR1) (2) fork 1" that of "FileSim (LR1) fork 1".
       min(CASE WHEN r.fold IS NULL THEN r.name
                ELSE regexp_replace(r.name, ' \(\d+\)((?: (?:fork|rerun) \d+)*)$', '\1') END),
       count(*), m.metric, avg(m.value), stddev_samp(m.value)
  FROM runs r
  JOIN experiments e USING (experiment_id)
  JOIN run_last_metrics m USING (run_no)
 WHERE e.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s)) AND e.experiment_id = %(experiment_id)s
 GROUP BY r.configuration_index, m.metric
 ORDER BY r.configuration_index, m.metric;
