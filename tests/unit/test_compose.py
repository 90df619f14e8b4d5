"""docker-compose.yml: what each part may do, and which settings it is told."""

from __future__ import annotations

import pytest

from hubkit import settings
from hubkit.warden.mounter import CAPABILITIES
from tests.unit.composed import COMPOSE, KNOWN, SERVICES, TEXT, VARIABLE

PROJECT = "${COMPOSE_PROJECT_NAME}"
# What a service has beyond the usual.
MORE = {
    "init": ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    "kernel-gateway": ["SETUID", "SETGID", "CHOWN", "KILL"],
    "mounter": ["SYS_ADMIN", "SYS_CHROOT", "SYS_PTRACE", "DAC_OVERRIDE", "NET_ADMIN"],
}
UNCONFINED = {"mounter": ["apparmor:unconfined"]}
HOSTS = {"mounter": {"pid": "host", "userns_mode": "host"}}


def test_the_hub_is_told_its_settings():
    """The hub gets the settings it reads, and no others."""
    told = {name for name, about in KNOWN.items() if about["read_by"] == "hub"}
    told |= {f"{name}_FILE" for name in settings.secret_names()}

    assert set(COMPOSE["x-settings"]) == told
    assert set(SERVICES["jupyterhub"]["environment"]) == told | {"DOCKER_CONFIG"}


def test_settings_are_passed_as_they_are():
    """A setting nobody wrote stays unset; the project's name is always known."""
    written = {name: value for name, value in COMPOSE["x-settings"].items() if value is not None}

    assert written == {"COMPOSE_PROJECT_NAME": PROJECT}


def test_variables_are_settings():
    """Every ``${NAME}`` is a setting, with the setting's own default."""
    ends = {"DATA_VOLUME_HOST": f"{PROJECT}-data", "DOCKER_NETWORK_NAME": f"{PROJECT}-network"}
    found = VARIABLE.findall(TEXT)

    assert {"HTTPS_PORT", "DATA_VOLUME_HOST"} <= {name for name, _ in found}
    for name, default in found:
        assert name in KNOWN
        if name != "COMPOSE_PROJECT_NAME":
            assert default == ends.get(name, KNOWN[name]["default"]), name


def test_names_passed_without_a_value_are_settings():
    """What a service is passed by name alone is a setting, too."""
    for service in SERVICES.values():
        named = {name for name, value in service.get("environment", {}).items() if value is None}
        assert named <= settings.allowed_names()


def test_project():
    """Container, images, networks and volumes are named after the project."""
    assert COMPOSE["name"] == KNOWN["COMPOSE_PROJECT_NAME"]["default"]
    assert SERVICES["jupyterhub"]["container_name"] == PROJECT
    named = [*COMPOSE["networks"].values(), *COMPOSE["volumes"].values(), *SERVICES.values()]
    for one in named:
        assert PROJECT in (one.get("name") or one["image"])


@pytest.mark.parametrize("service", SERVICES)
def test_contained(service):
    """Every container is read-only and may gain no rights; its logs stay small."""
    one = SERVICES[service]

    assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
    assert one["security_opt"] == ["no-new-privileges:true", *UNCONFINED.get(service, ())]
    assert one["logging"]["options"]["max-size"] == "10m"
    assert one.get("cap_add", []) == MORE.get(service, [])
    hosts = {name: one[name] for name in ("pid", "userns_mode", "ipc", "uts") if name in one}
    assert hosts == HOSTS.get(service, {})
    assert "privileged" not in one


def test_the_mounters_capabilities():
    """Those without which its rehearsal fails; it has no network to be reached by."""
    assert set(SERVICES["mounter"]["cap_add"]) == set(CAPABILITIES)
    assert SERVICES["mounter"]["network_mode"] == "none"
