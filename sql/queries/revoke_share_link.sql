-- revoke_share_link: a link opens nothing any more, and whoever came by it is signed out.
-- parameters: experiment_id uuid, link_id uuid
-- columns:    session_hash bytea (NULL in the one row of a link that nobody has open); no row if there is no such link
WITH revoked AS (
    UPDATE share_links SET revoked_at = now()
     WHERE link_id = %(link_id)s AND experiment_id = %(experiment_id)s AND revoked_at IS NULL
    RETURNING link_id
), ended AS (
    DELETE FROM sessions s USING revoked WHERE s.link_id = revoked.link_id RETURNING s.session_hash
)
SELECT ended.session_hash FROM revoked LEFT JOIN ended ON true;
