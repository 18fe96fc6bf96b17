-- list_commands: an owner's commands, the newest first, and what has become of them.
-- parameters: actor_id uuid, command_id uuid (NULL: all), run_id uuid (NULL: all; then of this run alone),
--             limit int, offset int
-- columns:    command_id uuid, verb text, arguments json, by text, created_at timestamptz, key text,
--             run_ids uuid[], run_names text[], outcomes text[], whys text[], new_run_ids uuid[]
WITH page AS (
    SELECT c.*
      FROM commands c
     WHERE c.owner_id = %(actor_id)s
       AND (%(command_id)s::uuid IS NULL OR c.command_id = %(command_id)s)
       AND (%(run_id)s::uuid IS NULL OR EXISTS (
            SELECT FROM command_targets t WHERE t.command_id = c.command_id AND t.run_id = %(run_id)s))
     ORDER BY c.command_no DESC
     LIMIT %(limit)s OFFSET %(offset)s
)
SELECT page.command_id, page.verb, page.arguments, page.by, page.created_at, page.key,
       meant.run_ids, meant.run_names, meant.outcomes, meant.whys, meant.new_run_ids
  FROM page
  CROSS JOIN LATERAL (
       SELECT array_agg(t.run_id ORDER BY t.run_no) AS run_ids, array_agg(t.run_name ORDER BY t.run_no) AS run_names,
              array_agg(t.outcome ORDER BY t.run_no) AS outcomes, array_agg(t.why ORDER BY t.run_no) AS whys,
              array_agg(t.new_run_id ORDER BY t.run_no) AS new_run_ids
         FROM command_targets t
        WHERE t.command_id = page.command_id AND (%(run_id)s::uuid IS NULL OR t.run_id = %(run_id)s)) AS meant
 ORDER BY page.command_no DESC;
