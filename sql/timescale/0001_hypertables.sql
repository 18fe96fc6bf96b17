-- Partition by run: time or epoch would forbid the unique keys that make a resent batch harmless.
CREATE EXTENSION IF NOT EXISTS timescaledb;
SELECT create_hypertable('metrics', by_range('run_no', 100), migrate_data => true, create_default_indexes => false);
SELECT create_hypertable('weight_arrays', by_range('run_no', 20), migrate_data => true, create_default_indexes => false);
