-- lock_migrations: wait until nobody else changes the schema; held to the end of the transaction.
-- parameters: none
-- columns:    none of interest
SELECT pg_advisory_xact_lock(7236480115), set_config('statement_timeout', '0', true);
