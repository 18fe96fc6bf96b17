-- insert_command: note what was asked, unless the owner has sent the same key before.
-- parameters: actor_id uuid, key text (NULL: none), verb text, arguments json, selection json, by text
-- columns:    command_id uuid; no row if the key is known
INSERT INTO commands (owner_id, key, verb, arguments, selection, by)
VALUES (%(actor_id)s, %(key)s, %(verb)s, %(arguments)s::json, %(selection)s::json, %(by)s)
ON CONFLICT (owner_id, key) DO NOTHING
RETURNING command_id;
