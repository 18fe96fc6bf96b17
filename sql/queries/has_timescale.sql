-- has_timescale: whether TimescaleDB can be used: installed on the server, and preloaded.
-- parameters: none
-- columns:    usable boolean
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
       -- A setting of the loader, known only where it was preloaded.
       AND current_setting('timescaledb.disable_load', true) IS NOT NULL;
