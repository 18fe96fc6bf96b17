-- lock_claims: wait until nobody else is claiming a run; held to the end of the transaction.
-- parameters: none
-- columns:    none of interest
SELECT pg_advisory_xact_lock(7236480116);
