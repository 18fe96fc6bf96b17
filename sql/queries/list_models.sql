-- list_models: a page of the models that an account may use: its own, public ones, all for an administrator.
-- parameters: viewer_id uuid, model_id uuid (NULL: all), digest text (NULL: all), name text (NULL: all), search text (part
--             of the name, in whatever case; '': all), limit int, offset int
-- columns:    model_id uuid, owner_id uuid, owner text, name text, digest text, is_public bool, facts json,
--             created_at timestamptz, total int8 (that match)
SELECT m.model_id, m.owner_id, u.name AS owner, m.name, m.digest, m.is_public, m.facts, m.created_at,
       count(*) OVER () AS total
  FROM models m
  JOIN users u ON u.user_id = m.owner_id
 WHERE (m.owner_id = %(viewer_id)s OR m.is_public
        OR EXISTS (SELECT FROM users WHERE user_id = %(viewer_id)s AND role = 'administrator'))
   AND (%(model_id)s::uuid IS NULL OR m.model_id = %(model_id)s)
   AND (%(digest)s::text IS NULL OR m.digest = %(digest)s)
   AND (%(name)s::text IS NULL OR m.name = %(name)s)
   AND (%(search)s::text = '' OR strpos(lower(m.name), lower(%(search)s)) > 0)
 -- One's own first: a name means one's own before it means anybody's.
 ORDER BY m.owner_id = %(viewer_id)s DESC, m.created_at DESC, m.model_id
 LIMIT %(limit)s OFFSET %(offset)s;
