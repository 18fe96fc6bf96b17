-- lock_attempts: nobody else counts these attempts until the transaction ends.
-- parameters: kind text, subject text
-- columns:    lock void
SELECT pg_advisory_xact_lock(hashtextextended(%(kind)s::text || ':' || %(subject)s::text, 7236480118));
