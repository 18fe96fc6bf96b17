-- The original tracker's tables as views, for Grafana and everybody else who speaks SQL. sim_id is the run_id.
CREATE VIEW epoch_values AS
SELECT m.epoch,
       r.run_id AS sim_id,
       (array_agg(m.value ORDER BY m.step DESC) FILTER (WHERE m.metric = 'loss'))[1] AS loss,
       (array_agg(m.value ORDER BY m.step DESC) FILTER (WHERE m.metric = 'accuracy'))[1] AS accuracy,
       max(m.time) AS time,
       (array_agg(m.value ORDER BY m.step DESC) FILTER (WHERE m.metric = 'val_loss'))[1] AS val_loss,
       (array_agg(m.value ORDER BY m.step DESC) FILTER (WHERE m.metric = 'val_accuracy'))[1] AS val_accuracy
  FROM metrics m
  JOIN runs r USING (run_no)
 WHERE m.layer = '' AND m.tensor = '' AND m.metric IN ('loss', 'accuracy', 'val_loss', 'val_accuracy')
 GROUP BY r.run_id, m.run_no, m.epoch;

CREATE VIEW extra_metrics AS
SELECT m.epoch, r.run_id AS sim_id, m.metric, m.value, m.time
  FROM metrics m
  JOIN runs r USING (run_no)
 WHERE m.layer = '' AND m.tensor = '' AND m.metric NOT IN ('loss', 'accuracy', 'val_loss', 'val_accuracy');

-- One number from its IEEE 754 bits. Sums and powers of two are exact, so no bit is lost on the way.
CREATE FUNCTION float_of_bits(bits bigint, exponent_bits integer, mantissa_bits integer) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    top      bigint := (1::bigint << exponent_bits) - 1;
    exponent bigint := (bits >> mantissa_bits) & top;
    mantissa bigint := bits & ((1::bigint << mantissa_bits) - 1);
    lowest   integer := 2 - (1 << (exponent_bits - 1)) - mantissa_bits; -- exponent of the smallest step
    size     float8;
BEGIN
    IF exponent = top THEN
        IF mantissa <> 0 THEN RETURN 'NaN'; END IF;
        size := 'Infinity';
    ELSIF exponent = 0 THEN
        size := mantissa * power(2::float8, lowest);
    ELSE
        size := (mantissa + (1::bigint << mantissa_bits)) * power(2::float8, lowest + exponent - 1);
    END IF;
    RETURN CASE WHEN (bits >> (exponent_bits + mantissa_bits)) & 1 = 1 THEN -size ELSE size END;
END $$;

-- Bytes of one number of a dtype; NULL for a dtype whose numbers SQL cannot show.
CREATE FUNCTION dtype_bytes(dtype text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE
    WHEN dtype IN ('float32', 'int32', 'uint32') THEN 4
    WHEN dtype IN ('float64', 'int64', 'uint64') THEN 8
    WHEN dtype IN ('float16', 'bfloat16', 'int16', 'uint16') THEN 2
    WHEN dtype IN ('int8', 'uint8', 'bool') THEN 1
END $$;

CREATE FUNCTION number_at(data bytea, dtype text, place integer) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    size integer := dtype_bytes(dtype);
    at   integer := place * size;
    bits bigint := 0;
BEGIN
    IF size = 4 THEN
        bits := get_byte(data, at) + (get_byte(data, at + 1) << 8) + (get_byte(data, at + 2) << 16)
              + (get_byte(data, at + 3)::bigint << 24);
    ELSE
        FOR i IN 0 .. size - 1 LOOP
            bits := bits | (get_byte(data, at + i)::bigint << (8 * i));
        END LOOP;
    END IF;
    RETURN CASE dtype
        WHEN 'float32' THEN float_of_bits(bits, 8, 23)
        WHEN 'float64' THEN float_of_bits(bits, 11, 52)
        WHEN 'float16' THEN float_of_bits(bits, 5, 10)
        WHEN 'bfloat16' THEN float_of_bits(bits, 8, 7)
        WHEN 'int32' THEN (bits << 32) >> 32
        WHEN 'int16' THEN (bits << 48) >> 48
        WHEN 'int8' THEN (bits << 56) >> 56
        WHEN 'uint64' THEN CASE WHEN bits < 0 THEN bits::float8 + power(2::float8, 64) ELSE bits END
        ELSE bits
    END;
END $$;

-- Every number of a stored array (or part of one), flattened in C order.
CREATE FUNCTION numbers_of(data bytea, dtype text) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    plain bytea := data || ''::bytea; -- fetched once, not once a number
BEGIN
    RETURN ARRAY(SELECT number_at(plain, dtype, i)
                   FROM generate_series(0, octet_length(plain) / dtype_bytes(dtype) - 1) AS i);
END $$;

CREATE VIEW weights AS
SELECT w.epoch, w.layer_index, w.layer_name, r.run_id AS sim_id, numbers_of(w.data, w.dtype) AS weight, w.time,
       w.tensor, w.shape, w.part
  FROM weight_arrays w
  JOIN runs r USING (run_no);

-- About max_points evenly spaced numbers of one array over all its epochs, with their place in C order.
CREATE FUNCTION weight_values(run uuid, layer text, tensor text, max_points integer)
RETURNS TABLE (epoch integer, index bigint, value float8)
LANGUAGE plpgsql STABLE STRICT AS $$
#variable_conflict use_column
DECLARE
    stride   bigint;
    found    record;
BEGIN
    SELECT greatest(1, ceil(sum(octet_length(w.data) / dtype_bytes(w.dtype))::numeric / greatest(1, weight_values.max_points)))
      INTO stride
      FROM weight_arrays w JOIN runs r USING (run_no)
     WHERE r.run_id = weight_values.run AND w.layer_name = weight_values.layer AND w.tensor = weight_values.tensor;
    FOR found IN
        SELECT w.epoch, w.dtype, w.data || ''::bytea AS data,
               coalesce(sum(octet_length(w.data) / dtype_bytes(w.dtype))
                   OVER (PARTITION BY w.epoch ORDER BY w.part ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS start
          FROM weight_arrays w JOIN runs r USING (run_no)
         WHERE r.run_id = weight_values.run AND w.layer_name = weight_values.layer AND w.tensor = weight_values.tensor
         ORDER BY w.epoch, w.part
    LOOP
        -- The first place in this part that is a multiple of the stride.
        RETURN QUERY
        SELECT found.epoch, i, number_at(found.data, found.dtype, (i - found.start)::integer)
          FROM generate_series(((found.start + stride - 1) / stride) * stride,
                               found.start + octet_length(found.data) / dtype_bytes(found.dtype) - 1, stride) AS i;
    END LOOP;
END $$;
