-- announce_ended_sessions: tell every web server that these sessions are over; heard at commit.
-- parameters: session_hashes bytea[]
-- columns:    none of interest
SELECT pg_notify('nntracker_sessions', encode(session_hash, 'hex')) FROM unnest(%(session_hashes)s::bytea[]) AS session_hash;
