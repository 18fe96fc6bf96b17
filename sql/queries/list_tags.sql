-- list_tags: the tags of the runs that a viewer may see, the most used first.
-- parameters: viewer_id uuid, search text (part of the tag, in whatever case; '': all), limit int
-- columns:    tag text, runs int8
SELECT t.tag, count(*) AS runs
  FROM run_tags t
  JOIN runs r USING (run_no)
 WHERE r.experiment_id IN (SELECT experiment_id FROM visible_experiments(%(viewer_id)s))
   AND (%(search)s::text = '' OR strpos(lower(t.tag), lower(%(search)s)) > 0)
 GROUP BY t.tag
 ORDER BY runs DESC, t.tag
 LIMIT %(limit)s;
