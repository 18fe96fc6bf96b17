"""Looking inside a training: what a network publishes about itself, and who makes what of it.

`Subscriber` is what a plug-in derives from; docs/own-metrics.md shows how. Only `on_keras` knows Keras.
"""

from nntracker_ray.introspection.messages import Histogram, Message, Published, Stamp, Value
from nntracker_ray.introspection.subscriber import Subscriber
from nntracker_ray.introspection.topics import Topic

__all__ = ["Histogram", "Message", "Published", "Stamp", "Subscriber", "Topic", "Value"]
