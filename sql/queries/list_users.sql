-- list_users: a page of accounts with what their runs are doing.
-- parameters: user_id uuid (NULL: all), search text (in name or full name; '': all), role text (NULL: all), state text (NULL: all, 'active', 'disabled'),
--             order_by text ('name', 'role', 'created', 'seen', 'runs'), descending bool, limit int, offset int
-- columns:    user_id uuid, name text, full_name text, role text, is_local bool, created_at timestamptz,
--             seen_at timestamptz, disabled_at timestamptz, has_password bool, runs int8, at_work int8, finished int8,
--             cpu float8, gpu float8 (held by runs at work), total int8 (accounts that match)
WITH matching AS (
    SELECT *, count(*) OVER () AS total
      FROM users
     WHERE (%(search)s::text = '' OR strpos(lower(name || ' ' || full_name), lower(%(search)s::text)) > 0)
       AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
       AND (%(role)s::text IS NULL OR role = %(role)s)
       AND (%(state)s::text IS NULL OR (disabled_at IS NULL) = (%(state)s = 'active'))
), tally AS (
    SELECT owner_id AS user_id, count(*) AS runs, count(*) FILTER (WHERE state = 'finished') AS finished,
           count(*) FILTER (WHERE at_work) AS at_work, sum(cpu) FILTER (WHERE at_work) AS cpu,
           sum(gpu) FILTER (WHERE at_work) AS gpu
      FROM (SELECT owner_id, cpu, gpu, shown_state(state, heartbeat_at) AS state,
                   shown_state(state, heartbeat_at) IN ('starting', 'running', 'pausing', 'stopping') AS at_work
              FROM runs) AS shown
     GROUP BY owner_id
)
SELECT m.user_id, m.name, m.full_name, m.role, m.is_local, m.created_at, m.seen_at, m.disabled_at,
       m.password_hash IS NOT NULL AS has_password, coalesce(t.runs, 0) AS runs, coalesce(t.at_work, 0) AS at_work,
       coalesce(t.finished, 0) AS finished, coalesce(t.cpu, 0) AS cpu, coalesce(t.gpu, 0) AS gpu, m.total
  FROM matching m LEFT JOIN tally t USING (user_id)
 ORDER BY CASE WHEN %(descending)s THEN NULL WHEN %(order_by)s = 'runs' THEN coalesce(t.runs, 0) END,
          CASE WHEN %(descending)s AND %(order_by)s = 'runs' THEN coalesce(t.runs, 0) END DESC NULLS LAST,
          CASE WHEN %(descending)s THEN NULL WHEN %(order_by)s = 'created' THEN m.created_at
               WHEN %(order_by)s = 'seen' THEN coalesce(m.seen_at, '-infinity') END,
          CASE WHEN NOT %(descending)s THEN NULL WHEN %(order_by)s = 'created' THEN m.created_at
               WHEN %(order_by)s = 'seen' THEN coalesce(m.seen_at, '-infinity') END DESC NULLS LAST,
          CASE WHEN %(descending)s THEN NULL WHEN %(order_by)s = 'role' THEN m.role END,
          CASE WHEN %(descending)s AND %(order_by)s = 'role' THEN m.role END DESC NULLS LAST,
          CASE WHEN %(descending)s AND %(order_by)s = 'name' THEN lower(m.name) END DESC NULLS LAST,
          lower(m.name)
 LIMIT %(limit)s OFFSET %(offset)s;
