"""What cannot be run on the machine of the tests is at least well formed, agrees with itself, leaves nothing open."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[3]
CLUSTER = ROOT / "cluster"
KUBERAY = json.loads((Path(__file__).parent / "kuberay_schema.json").read_text())


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CLUSTER / name).read_text()))


def ray_resource(name: str) -> dict[str, Any]:
    """The one resource of KubeRay in a manifest."""
    (found,) = (each for each in documents(name) if each["apiVersion"] == "ray.io/v1")
    return found


def cluster_spec(name: str) -> dict[str, Any]:
    spec = ray_resource(name)["spec"]
    return spec.get("rayClusterConfig", spec)


def groups(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [spec["headGroupSpec"], *spec["workerGroupSpecs"]]


KUBERNETES = ["raycluster.yaml", "rayservice.yaml"]


@pytest.mark.parametrize("name", KUBERNETES)
class TestKubernetes:
    def test_manifest_has_no_unknown_key(self, name: str):
        """Kubernetes drops keys that it does not know without a word."""
        jsonschema.validate(ray_resource(name), KUBERAY)

    def test_a_misspelt_key_would_be_found(self, name: str):
        """The schema is our own: it must be able to say no."""
        resource = ray_resource(name)
        groups(resource["spec"].get("rayClusterConfig", resource["spec"]))[0]["rayStartParms"] = {}

        with pytest.raises(jsonschema.ValidationError, match="rayStartParms"):
            jsonschema.validate(resource, KUBERAY)

    def test_every_mount_has_its_volume(self, name: str):
        """A pod with a mount of nothing never starts."""
        for group in groups(cluster_spec(name)):
            pod = group["template"]["spec"]
            mounts = {mount["name"] for container in pod["containers"] for mount in container["volumeMounts"]}
            assert mounts == {volume["name"] for volume in pod["volumes"]}

    def test_ray_asks_for_its_token_and_pods_run_without_root(self, name: str):
        """Ray's ports run code for whoever asks."""
        spec = cluster_spec(name)

        assert spec["authOptions"] == {"mode": "token"}
        assert all(group["template"]["spec"]["securityContext"]["runAsNonRoot"] for group in groups(spec))

    def test_network_policy_covers_every_pod(self, name: str):
        """A policy that selects no pod closes nothing; KubeRay gives the cluster of a RayService a name of its own."""
        (policy,) = (each["spec"] for each in documents("raycluster.yaml") if each["kind"] == "NetworkPolicy")
        peers = [
            peer["podSelector"] for peer in policy["ingress"][0]["from"] if "namespaceSelector" not in peer
        ]

        for group in groups(cluster_spec(name)):
            labels = group["template"]["metadata"]["labels"].items()
            for selector in [policy["podSelector"], *peers]:
                assert selector.keys() == {"matchLabels"}
                assert selector["matchLabels"]
                assert selector["matchLabels"].items() <= labels

    def test_ray_is_the_one_of_the_lock_file(self, name: str):
        """Nodes of different versions refuse each other."""
        assert cluster_spec(name)["rayVersion"] == version("ray")


@pytest.mark.parametrize("name", ["rayservice.yaml", "serve.yaml"])
def test_whoever_leaves_the_web_app_to_others_reads_how_to_sign_in(name: str):
    """With `--no-web` no platform knows the address, and a link must be given it."""
    head = (CLUSTER / name).read_text().partition("apiVersion")[0].partition("proxy_location")[0]

    assert "nntracker link --address http" in head


def test_serve_config_is_one_that_serve_takes():
    """The file and the copy inside the manifest of KubeRay."""
    from ray.serve.schema import ServeDeploySchema

    texts = [(CLUSTER / "serve.yaml").read_text(), ray_resource("rayservice.yaml")["spec"]["serveConfigV2"]]

    for text in texts:
        config = ServeDeploySchema.model_validate(yaml.safe_load(text))
        assert [app.import_path for app in config.applications] == ["apps.serve:app"]
        assert [each.max_ongoing_requests for each in config.applications[0].deployments] == [1000]


@pytest.mark.parametrize("name", ["ray-cluster.yaml", "ray-cluster.aws.yaml"])
def test_ray_up_takes_the_cluster_file(name: str):
    """Prepared and checked by the functions that `ray up` itself begins with."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    (config,) = documents(name)

    prepared = prepare_config(config)
    validate_config(prepared)

    assert prepared["cluster_name"] == "nntracker"
    options = " ".join(config["docker"]["run_options"])
    assert "RAY_AUTH_MODE=token" in options
    assert "RAY_AUTH_TOKEN_PATH=/app/secrets/ray_token" in options
    assert set(config["file_mounts"]) == {"/app/secrets/ray_token", "/app/secrets/database_url"}


class TestCompose:
    def test_file_obeys_the_compose_schema(self):
        """The schema is not ours to keep: it comes with check-jsonschema."""
        carried = pytest.importorskip(
            "check_jsonschema", reason="check-jsonschema carries the compose schema"
        )
        vendored = Path(carried.__file__).parent / "builtin_schemas" / "vendor" / "compose-spec.json"

        jsonschema.validate(documents("compose.yaml")[0], json.loads(vendored.read_text()))

    def test_all_that_is_named_is_defined(self):
        """Secrets, networks, volumes and services that others wait for."""
        (compose,) = documents("compose.yaml")

        for service in compose["services"].values():
            assert set(service.get("secrets", [])) <= set(compose["secrets"])
            assert set(service["networks"]) <= set(compose["networks"])
            assert {mount.partition(":")[0] for mount in service["volumes"]} <= set(compose["volumes"])
            for awaited, how in service.get("depends_on", {}).items():
                assert how == {"condition": "service_healthy"}
                assert "healthcheck" in compose["services"][awaited]

    def test_only_the_web_app_can_be_reached_and_only_from_this_machine(self):
        """Database and Ray live in a network without a way out or in."""
        (compose,) = documents("compose.yaml")
        published = {name: each["ports"] for name, each in compose["services"].items() if "ports" in each}

        assert published == {"head": ["127.0.0.1:8000:8000"]}
        assert compose["networks"]["inside"]["internal"] is True
        assert compose["services"]["database"]["networks"] == ["inside"]
        assert compose["services"]["worker"]["networks"] == ["inside"]

    def test_secrets_travel_in_files(self):
        """What is in an environment is in every process and every listing."""
        (compose,) = documents("compose.yaml")

        for service in compose["services"].values():
            for key, value in service["environment"].items():
                if re.search("TOKEN|PASSWORD|DATABASE_URL", key):
                    assert value.startswith("/run/secrets/")


class TestDockerfile:
    TEXT = re.sub(r"\\\n", " ", (CLUSTER / "Dockerfile").read_text())
    INSTRUCTIONS = [  # noqa: RUF012 (read only)
        line.split(maxsplit=1)
        for line in TEXT.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]

    def words(self, instruction: str) -> list[list[str]]:
        return [rest.split() for name, rest in self.INSTRUCTIONS if name == instruction]

    def test_every_instruction_exists(self):
        """Docker is not there to say so."""
        known = [
            "ARG",
            "FROM",
            "WORKDIR",
            "ENV",
            "COPY",
            "RUN",
            "USER",
            "VOLUME",
            "EXPOSE",
            "ENTRYPOINT",
            "CMD",
        ]

        assert {name for name, _ in self.INSTRUCTIONS} <= set(known)

    def test_what_is_copied_is_there_and_let_through(self):
        """A source that is missing, or left out by the ignore file, ends the build."""
        let_through = (CLUSTER / "Dockerfile.dockerignore").read_text().splitlines()
        stages = {words[2] for words in self.words("FROM") if len(words) > 1}

        for words in self.words("COPY"):
            if words[0].startswith("--from="):
                assert words[0].removeprefix("--from=") in stages
                continue
            for source in words[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in let_through

    def test_it_runs_without_root_and_with_a_token(self):
        """The last user counts."""
        assert self.words("USER")[-1] == ["nntracker"]
        assert "RAY_AUTH_MODE=token" in self.TEXT

    def test_bytecode_is_compiled(self):
        """Otherwise each training process imports TensorFlow for 20 s."""
        syncs = re.findall(r"uv sync .*", self.TEXT)

        assert len(syncs) == 2
        assert all("--frozen" in sync and "--compile-bytecode" in sync for sync in syncs)


@pytest.mark.parametrize("name", ["head.sh", "worker.sh"])
def test_start_scripts_are_sound_and_refuse_an_open_ray(name: str):
    """Without the token mode Ray would come up and run code for whoever asks."""
    assert subprocess.run(["/bin/sh", "-n", CLUSTER / name], check=False).returncode == 0

    refused = subprocess.run(
        ["/bin/sh", CLUSTER / name], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )

    assert refused.returncode == 1
    assert "set it to token" in refused.stderr


def test_no_secret_is_in_the_repository():
    """They are made by the commands at the head of each file."""
    assert not (CLUSTER / "secrets").exists()
    assert "cluster/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
