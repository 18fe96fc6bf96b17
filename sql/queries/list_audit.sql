-- list_audit: a page of what was done, the newest first.
-- parameters: search text (in by, action, subject, details; '': all), user_id uuid (NULL: all), before int8 (NULL: from the
--             newest; else entries with smaller numbers), limit int
-- columns:    no int8, time timestamptz, user_id uuid, by text, action text, subject text, details text, address text
SELECT no, time, user_id, by, action, subject, details, address
  FROM audit_log
 WHERE (%(before)s::int8 IS NULL OR no < %(before)s)
   AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
   AND (%(search)s::text = '' OR strpos(lower(by || ' ' || action || ' ' || subject || ' ' || details), lower(%(search)s)) > 0)
 ORDER BY no DESC
 LIMIT %(limit)s;
