-- The second lock: even a query of the web app that forgets to ask who looks gets nothing of other people.
-- The web app works as nntracker_web and says in each transaction for whom; every query names the viewer as well.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nntracker_web') THEN
        CREATE ROLE nntracker_web NOLOGIN;
    END IF;
-- Roles belong to the whole server: another database of it may be making this one at this moment.
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
DO $$
BEGIN
    EXECUTE format('GRANT nntracker_web TO %I', current_user);
EXCEPTION WHEN insufficient_privilege THEN NULL; -- then an administrator has granted it
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO nntracker_web;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO nntracker_web;

-- The owner of the tables looks here, past the lock: the policies themselves ask these.
CREATE FUNCTION current_viewer() RETURNS uuid LANGUAGE sql STABLE
RETURN nullif(current_setting('nntracker.viewer', true), '')::uuid;
CREATE FUNCTION seen_now() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
BEGIN ATOMIC SELECT experiment_id FROM visible_experiments(current_viewer()); END;
CREATE FUNCTION acted_on_now() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 100
BEGIN ATOMIC SELECT experiment_id FROM actable_experiments(current_viewer()); END;

ALTER TABLE experiments ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON experiments FOR SELECT TO nntracker_web USING (experiment_id IN (SELECT seen_now()));
CREATE POLICY made ON experiments FOR INSERT TO nntracker_web WITH CHECK (owner_id = current_viewer());
CREATE POLICY changed ON experiments FOR UPDATE TO nntracker_web USING (experiment_id IN (SELECT acted_on_now())) WITH CHECK (true);
CREATE POLICY removed ON experiments FOR DELETE TO nntracker_web USING (experiment_id IN (SELECT acted_on_now()));

ALTER TABLE runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON runs FOR SELECT TO nntracker_web USING (experiment_id IN (SELECT seen_now()));
CREATE POLICY made ON runs FOR INSERT TO nntracker_web WITH CHECK (experiment_id IN (SELECT acted_on_now()));
CREATE POLICY changed ON runs FOR UPDATE TO nntracker_web USING (experiment_id IN (SELECT acted_on_now())) WITH CHECK (true);
CREATE POLICY removed ON runs FOR DELETE TO nntracker_web USING (experiment_id IN (SELECT acted_on_now()));

-- The reader of read-only SQL is not the web app: what people may ask there is decided where it is called.
CREATE POLICY read_all ON experiments FOR SELECT TO nntracker_reader USING (true);
CREATE POLICY read_all ON runs FOR SELECT TO nntracker_reader USING (true);
