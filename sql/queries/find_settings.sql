-- find_settings: what was set by an administrator; all else has its default.
-- parameters: none
-- columns:    key text, value json
SELECT key, value FROM settings;
