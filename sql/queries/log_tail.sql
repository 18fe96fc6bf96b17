-- log_tail: the newest lines that a run printed, in its order.
-- parameters: run_no int, limit int
-- columns:    attempt int, line_no int, time timestamptz, source text, level text, text text
SELECT * FROM (SELECT attempt, line_no, time, source, level, text
                 FROM run_log
                WHERE run_no = %(run_no)s
                ORDER BY attempt DESC, line_no DESC
                LIMIT %(limit)s) AS newest
 ORDER BY attempt, line_no;
