-- Read-only SQL for people: a role that sees measurements and runs, and nothing of users, sessions and login links.
-- Whoever migrates needs the right to make roles, or an administrator makes this one and grants it beforehand.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nntracker_reader') THEN
        CREATE ROLE nntracker_reader NOLOGIN;
    END IF;
-- Roles belong to the whole server: another database of it may be making this one at this moment.
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

GRANT SELECT ON experiments, runs, run_states, run_tags, run_facts, folds, metrics, run_last_metrics, weight_arrays,
                epoch_values, extra_metrics, weights TO nntracker_reader;

-- Runs one statement as nntracker_reader and hands back at most max_rows + 1 rows, one more than wanted to tell that
-- there are more. SECURITY DEFINER and not SET ROLE: inside such a function PostgreSQL refuses every way back to a
-- mightier role, set_config('role', ...) included. A cursor takes one statement that returns rows, nothing else.
CREATE FUNCTION read_as_reader(statement text, max_rows integer) RETURNS SETOF record
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked  refcursor;
    answer record;
BEGIN
    OPEN asked NO SCROLL FOR EXECUTE statement;
    FOR i IN 0 .. max_rows LOOP
        FETCH asked INTO answer;
        EXIT WHEN NOT FOUND;
        RETURN NEXT answer;
    END LOOP;
    CLOSE asked;
END $$;
REVOKE EXECUTE ON FUNCTION read_as_reader(text, integer) FROM PUBLIC;

-- To give the function to the role we must belong to it, and it must be allowed to hold things in the schema.
DO $$
BEGIN
    EXECUTE format('GRANT nntracker_reader TO %I', current_user);
EXCEPTION WHEN insufficient_privilege THEN NULL; -- then an administrator has granted it
END $$;
GRANT CREATE ON SCHEMA public TO nntracker_reader;
ALTER FUNCTION read_as_reader(text, integer) OWNER TO nntracker_reader;
REVOKE CREATE ON SCHEMA public FROM nntracker_reader;
-- Only we may use the door; what another role sees is its administrator's business.
DO $$
BEGIN
    EXECUTE format('GRANT EXECUTE ON FUNCTION read_as_reader(text, integer) TO %I', current_user);
END $$;
