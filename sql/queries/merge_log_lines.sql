-- merge_log_lines: the rows of incoming_run_log into run_log.
-- parameters: none
-- columns:    none
INSERT INTO run_log (run_no, attempt, line_no, source, level, text, time)
SELECT run_no, attempt, line_no, source, level, text, time FROM incoming_run_log
-- As in merge_metrics: a resent batch changes nothing.
ON CONFLICT (run_no, attempt, line_no) DO UPDATE
   SET source = excluded.source, level = excluded.level, text = excluded.text, time = excluded.time
 WHERE excluded.time > run_log.time;
