-- count_attempts: how often this was tried lately.
-- parameters: kind text, subject text, since timestamptz
-- columns:    count int8
SELECT count(*) FROM attempts WHERE kind = %(kind)s AND subject = %(subject)s AND time > %(since)s;
