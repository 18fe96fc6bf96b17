-- look_as: work with the rights of the web app, for one viewer, until the transaction ends.
-- parameters: viewer text (a uuid; '': nobody)
-- columns:    role text, viewer text
SELECT set_config('nntracker.viewer', %(viewer)s::text, true), set_config('role', 'nntracker_web', true);
