-- forget_old_sessions: remove what is over: sessions, login links and counted attempts.
-- parameters: now timestamptz, idle interval
-- columns:    none
WITH ended AS (
    DELETE FROM sessions WHERE expires_at < %(now)s OR seen_at < %(now)s - %(idle)s::interval
), used AS (
    DELETE FROM login_links WHERE expires_at < %(now)s
)
DELETE FROM attempts WHERE time < %(now)s - interval '1 hour';
