-- lock_settings: until the end of the transaction nobody else changes the settings who asks first as well.
-- parameters: none
-- columns:    none of interest
SELECT pg_advisory_xact_lock(7236480119);
