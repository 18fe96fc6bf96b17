-- lock_uploads: until the end of the transaction nobody else asks what this account's uploads take.
-- parameters: owner_id uuid
-- columns:    none of interest
SELECT pg_advisory_xact_lock(hashtextextended(%(owner_id)s::uuid::text, 7236480120));
