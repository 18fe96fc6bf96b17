"""The OpenAPI document: what it says can be sent, can be sent."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

UNKNOWN = "00000000-0000-0000-0000-000000000000"
NOT_JSON = ("application/octet-stream", "application/zip", "application/yaml")


def bodies(document: dict) -> Iterator[tuple[str, str, dict]]:
    """Method, path and JSON body of everything that sends one."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None and path.startswith("/api/") and path != "/api/models":
                yield method, path, content


def examples(document: dict, content: dict) -> list:
    """What the document says may be sent."""
    if "examples" in content:
        return [one["value"] for one in content["examples"].values()]
    if "example" in content:
        return [content["example"]]
    name = content["schema"].get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"].get(name, {}).get("examples", [])


def test_every_body_has_an_example_that_can_be_sent(client: httpx.Client):
    """An example that is refused for its form would teach the wrong one."""
    document = client.get("/api/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    for method, path, content in bodies(document):
        found = examples(document, content)
        assert found, f"{method} {path} has no example"
        for one in found:
            place = path.replace("{name}", "local")
            place = "/".join(UNKNOWN if part.startswith("{") else part for part in place.split("/"))
            answer = client.request(method, place, json=one)
            assert answer.status_code not in (405, 415, 422), (path, answer.text)
            assert answer.status_code < 500, (path, answer.text)


def test_names_of_schemas_are_plain(client: httpx.Client):
    """Two of one name would be told apart by the names of our modules."""
    document = client.get("/api/openapi.json").json()

    assert not [name for name in document["components"]["schemas"] if "__" in name]
