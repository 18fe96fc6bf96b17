-- result_types: how to write types, by their numbers.
-- parameters: oids oid[]
-- columns:    name text, in the order of the numbers
SELECT format_type(given.oid, NULL) FROM unnest(%(oids)s::oid[]) WITH ORDINALITY AS given (oid, place) ORDER BY place;
