-- names_of_children: what the forks (or reruns) of one run are called.
-- parameters: parent_no int, origin text
-- columns:    name text
SELECT name FROM runs WHERE parent_no = %(parent_no)s AND origin = %(origin)s;
