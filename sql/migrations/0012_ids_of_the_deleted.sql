-- What a deleted run was, so that its ids can come back to whoever had them and to nobody else, and so that those who
-- saw it hear that it is gone.
ALTER TABLE deleted_runs
    ADD COLUMN experiment_id uuid, -- NULL: deleted before this was kept
    ADD COLUMN seen_by uuid[] NOT NULL DEFAULT '{}'; -- accounts and share links that saw it beside its owner
