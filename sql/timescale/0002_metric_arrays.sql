-- As in 0001: partition by run.
SELECT create_hypertable('metric_arrays', by_range('run_no', 50), migrate_data => true, create_default_indexes => false);
