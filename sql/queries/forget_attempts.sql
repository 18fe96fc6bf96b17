-- forget_attempts: attempts that turned out to be honest count no more.
-- parameters: kind text, subject text
-- columns:    none
DELETE FROM attempts WHERE kind = %(kind)s AND subject = %(subject)s;
