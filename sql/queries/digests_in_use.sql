-- digests_in_use: of some files, those that somebody has under a name, or that a run is made of.
-- parameters: digests text[]
-- columns:    digest text
SELECT digest FROM datasets WHERE digest = ANY(%(digests)s)
 UNION
SELECT digest FROM models WHERE digest = ANY(%(digests)s)
 UNION
SELECT used.digest
  FROM runs r
 CROSS JOIN LATERAL (VALUES (r.spec ->> 'model_digest'), (r.spec -> 'train' ->> 'digest'),
                            (r.spec -> 'validation' ->> 'digest'), (r.spec -> 'test' ->> 'digest')) AS used (digest)
 WHERE used.digest = ANY(%(digests)s);
