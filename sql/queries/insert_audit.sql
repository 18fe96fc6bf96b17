-- insert_audit: note what somebody has done.
-- parameters: user_id uuid (NULL: nobody signed in), by text, action text, subject text, details text, address text
-- columns:    none
INSERT INTO audit_log (user_id, by, action, subject, details, address)
VALUES (%(user_id)s, %(by)s, %(action)s, %(subject)s, %(details)s, %(address)s);
