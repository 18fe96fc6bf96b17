from tests.unit.introspection.catalogue.installed import install

__all__ = ["install"]
