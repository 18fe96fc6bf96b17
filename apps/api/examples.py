"""Examples of what requests send, for the description of the interface. A test sends each of them."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI

from apps.api.described_problems import describe_problems

EXPERIMENT: Final = "7ebdc63b-724e-5990-b450-32613d698e49"
EXAMPLES: Final[dict[tuple[str, str], Any]] = {
    ("post", "/api/experiments"): {
        "name": "Iris",
        "model": "iris model",
        "dataset_train": "iris.arff",
        "label_column": "kind",
        "total_epochs": 60,
        "loss_functions": ["SparseCategoricalCrossentropy"],
    },
    ("post", "/api/experiments/{experiment_id}/shares"): {"name": "ada", "may": "act"},
    ("post", "/api/experiments/{experiment_id}/links"): {"days": 7},
    ("post", "/api/archives"): {"selection": {"experiment_id": EXPERIMENT}, "checkpoints": True},
    ("patch", "/api/me"): {"full_name": "Ada Lovelace"},
    ("post", "/api/me/password"): {"old": "the one until now", "new": "analytical engine of 1843"},
    ("post", "/api/me/confirmation"): {"password": "analytical engine of 1843"},
    ("post", "/api/me/tokens"): {"name": "nightly script", "scopes": ["read", "act"], "days": 90},
    ("post", "/api/users"): {"name": "grace", "full_name": "Grace Hopper", "role": "user"},
    ("patch", "/api/users/{user_id}"): {"role": "viewer"},
    ("post", "/api/invitations"): {"role": "user"},
    ("put", "/api/settings"): {"registration": "invitation"},
    ("patch", "/api/datasets/{dataset_id}"): {"is_public": True},
    ("patch", "/api/models/{model_id}"): {"is_public": True},
}
EXAMPLES[("post", "/api/experiments/preview")] = EXAMPLES[("post", "/api/experiments")]
JSON = "application/json"


def describe_with_examples(app: FastAPI) -> None:
    """Let the application's OpenAPI document have the examples, and the refusals that all routes share."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        is_new = app.openapi_schema is None
        document = made()
        if is_new:
            _add_examples(document)
            describe_problems(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _add_examples(document: dict[str, Any]) -> None:
    for (method, path), example in EXAMPLES.items():
        # A server may leave routes out.
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            operation["requestBody"]["content"][JSON]["example"] = example
