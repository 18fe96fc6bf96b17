-- full_experiments: the experiments that have as many runs at work as they allow, and the clock of the fair queue.
-- parameters: none
-- columns:    full int[] (experiment_no), clock float8 (the highest virtual start of any user)
SELECT ARRAY(
           SELECT e.experiment_no
             FROM runs r
             JOIN experiments e USING (experiment_id)
            WHERE r.state IN ('starting', 'running', 'pausing', 'stopping') AND e.max_concurrent IS NOT NULL
            GROUP BY e.experiment_no, e.max_concurrent
           HAVING count(*) >= e.max_concurrent),
       coalesce((SELECT max(virtual_start) FROM users), 0);
