-- insert_attempt: count one.
-- parameters: kind text, subject text, now timestamptz
-- columns:    none
INSERT INTO attempts (kind, subject, time) VALUES (%(kind)s, %(subject)s, %(now)s);
