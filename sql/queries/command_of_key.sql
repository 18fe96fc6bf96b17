-- command_of_key: the command that an owner has sent with a key.
-- parameters: actor_id uuid, key text
-- columns:    command_id uuid, verb text, arguments json, selection json
SELECT command_id, verb, arguments, selection FROM commands WHERE owner_id = %(actor_id)s AND key = %(key)s;
