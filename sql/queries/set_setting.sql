-- set_setting: keep an administrator's choice.
-- parameters: key text, value json, by text
-- columns:    none
INSERT INTO settings (key, value, by) VALUES (%(key)s, %(value)s::json, %(by)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, by = excluded.by, time = now();
