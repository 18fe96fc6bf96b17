-- captured_layers: the layers of which a run has captured arrays, in the order of the model.
-- parameters: run_no int
-- columns:    layer_name text
SELECT layer_name FROM weight_arrays WHERE run_no = %(run_no)s GROUP BY layer_name ORDER BY min(layer_index), layer_name;
