-- log_lines: a page of what a run printed, in its order.
-- parameters: run_no int, attempt int, line_no int (the last line already seen), limit int
-- columns:    attempt int, line_no int, time timestamptz, source text, level text, text text
SELECT attempt, line_no, time, source, level, text
  FROM run_log
 WHERE run_no = %(run_no)s AND (attempt, line_no) > (%(attempt)s::int, %(line_no)s::int)
 ORDER BY attempt, line_no
 LIMIT %(limit)s;
