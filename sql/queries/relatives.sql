-- relatives: the forks (or reruns) of every fold and repeat of one configuration, oldest first.
-- parameters: experiment_id uuid, configuration_index int (of the parents), origin text
-- columns:    configuration_index int, spec text (JSON)
SELECT c.configuration_index, c.spec::text
  FROM runs p
  JOIN runs c ON c.parent_no = p.run_no
 WHERE p.experiment_id = %(experiment_id)s AND p.configuration_index = %(configuration_index)s
   AND c.origin = %(origin)s
 ORDER BY c.run_no;
