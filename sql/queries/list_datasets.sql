-- list_datasets: a page of the datasets that an account may use: its own, public ones, all for an administrator.
-- parameters: viewer_id uuid, dataset_id uuid (NULL: all), digest text (NULL: all), name text (NULL: all), search text (part
--             of the name, in whatever case; '': all), limit int, offset int
-- columns:    dataset_id uuid, owner_id uuid, owner text, name text, digest text, is_public bool, kind text, bytes int8,
--             facts json, created_at timestamptz, total int8 (that match)
SELECT d.dataset_id, d.owner_id, u.name AS owner, d.name, d.digest, d.is_public, d.kind, d.bytes, d.facts, d.created_at,
       count(*) OVER () AS total
  FROM datasets d
  JOIN users u ON u.user_id = d.owner_id
 WHERE (d.owner_id = %(viewer_id)s OR d.is_public
        OR EXISTS (SELECT FROM users WHERE user_id = %(viewer_id)s AND role = 'administrator'))
   AND (%(dataset_id)s::uuid IS NULL OR d.dataset_id = %(dataset_id)s)
   AND (%(digest)s::text IS NULL OR d.digest = %(digest)s)
   AND (%(name)s::text IS NULL OR d.name = %(name)s)
   AND (%(search)s::text = '' OR strpos(lower(d.name), lower(%(search)s)) > 0)
 -- One's own first: a name means one's own before it means anybody's.
 ORDER BY d.owner_id = %(viewer_id)s DESC, d.created_at DESC, d.dataset_id
 LIMIT %(limit)s OFFSET %(offset)s;
