"""The one place of the introspection that knows Keras and TensorFlow."""
