"""What the detectors find, on this machine and on others' files."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from midspan import _trouble, resource
from midspan.resource import Resource

DOCKER, POD, LAYER = "d" * 64, "0123456789abcdef" * 4, "e" * 64
FARGATE = "c6aa1dfba6094b6cb0ebf2b3d8b6c3f4-1234567890"


@pytest.fixture
def machine(tmp_path: Path):
    """Make a machine of files: its root, and a function that writes one."""

    def write(path: str, text: str) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return str(tmp_path), write


@pytest.mark.parametrize(
    ("cgroup", "container_id"),
    [
        (f"12:pids:/docker/{DOCKER}\n11:cpu:/docker/{DOCKER}\n", DOCKER),
        (f"0::/system.slice/docker-{DOCKER}.scope\n", DOCKER),
        (f"1:name=systemd:/kubepods/besteffort/pod3f0c4a9e-1d8c-4f0e-9a7e-6d0d1b9a2c11/{POD}\n", POD),
        (f"0::/kubepods.slice/kubepods-pod3f0c.slice/cri-containerd-{POD}.scope\n", POD),
        (f"0::/machine.slice/libpod-{POD}.scope/container\n", POD),
        (f"9:perf_event:/ecs/c6aa1dfba6094b6cb0ebf2b3d8b6c3f4/{FARGATE}\n", FARGATE),
        (f"5:cpu:/docker/{DOCKER}/docker/{POD}\n", POD),
    ],
    ids=["docker", "docker-systemd", "kubernetes", "containerd", "podman", "fargate", "nested"],
)
def test_the_control_group_names_the_container(machine, cgroup, container_id):
    """The container id is the innermost one in the path of the control group."""
    root, write = machine
    write("proc/self/cgroup", cgroup)
    assert Resource({"container.id": container_id}) == resource.container(root)


@pytest.mark.parametrize(
    "folder",
    [f"/var/lib/docker/containers/{DOCKER}", f"/containers/storage/overlay-containers/{DOCKER}/userdata"],
    ids=["docker", "podman"],
)
def test_the_mounts_name_the_container(machine, folder):
    """Where control groups are private, the id comes from the file that is mounted on /etc/hostname."""
    root, write = machine
    write("proc/self/cgroup", "0::/\n")
    write(
        "proc/self/mountinfo",
        f"40 31 0:36 / / rw - overlay overlay rw,upperdir=/var/lib/containers/storage/overlay/{LAYER}/diff\n"
        f"52 40 8:1 {folder}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw\n",
    )
    assert Resource({"container.id": DOCKER}) == resource.container(root)


@pytest.mark.parametrize(
    "cgroup",
    ["", "0::/\n", "4:memory:/user.slice/user-1000.slice/session-3.scope\n", f"1:x:/docker/{DOCKER}0\n"],
    ids=["no file", "private", "session", "too long"],
)
def test_outside_a_container_there_is_no_id(machine, cgroup):
    """Without a container id the detector finds nothing."""
    root, write = machine
    if cgroup:
        write("proc/self/cgroup", cgroup)
    assert Resource() == resource.container(root)


def test_the_machine_id_is_the_host_id(machine):
    """`host.id` is the content of /etc/machine-id."""
    root, write = machine
    write("etc/machine-id", "fdbf79e8af94cb7f9e8df36789187052\n")
    assert "fdbf79e8af94cb7f9e8df36789187052" == resource.host(root).attributes["host.id"]


def test_an_image_that_never_booted_has_no_machine_id(machine):
    """What systemd leaves in an image is no id: D-Bus's file is read instead."""
    root, write = machine
    write("etc/machine-id", "uninitialized\n")
    write("var/lib/dbus/machine-id", "0123\n")
    assert "0123" == resource.host(root).attributes["host.id"]


def test_a_machine_without_an_id_has_no_host_id(machine):
    """An attribute whose value is unknown is left out."""
    root, _ = machine
    assert {"host.name", "host.arch"} == set(resource.host(root).attributes)


def test_the_host_is_this_one():
    """`host.name` is what the system calls itself."""
    assert os.uname().nodename == resource.host().attributes["host.name"]


@pytest.mark.parametrize(
    ("machine_name", "architecture"),
    [
        ("x86_64", "amd64"),
        ("AMD64", "amd64"),
        ("aarch64", "arm64"),
        ("armv7l", "arm32"),
        ("i686", "x86"),
        ("ppc64le", "ppc64"),
        ("riscv64", "riscv64"),
    ],
)
def test_architectures_have_the_conventions_names(monkeypatch, machine_name, architecture):
    """`host.arch` is one of the well-known values, or else what the system says."""
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "n", "r", "v", machine_name)))
    assert architecture == resource.host().attributes["host.arch"]


@pytest.mark.parametrize(
    ("system", "kind"),
    [
        ("Linux", "linux"),
        ("Darwin", "darwin"),
        ("SunOS", "solaris"),
        ("HP-UX", "hpux"),
        ("FreeBSD", "freebsd"),
    ],
)
def test_systems_have_the_conventions_names(monkeypatch, machine, system, kind):
    """`os.type` is one of the well-known values."""
    root, _ = machine
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((system, "n", "6.1", "v", "m")))
    assert (kind, "6.1") == tuple(map(resource.os(root).attributes.get, ("os.type", "os.version")))


def test_a_system_without_uname_is_described_too(monkeypatch, machine):
    """Where there is no `os.uname`, as on Windows, the platform module is asked."""
    root, _ = machine
    monkeypatch.delattr(os, "uname")
    assert (sys.platform, True) == (
        resource.os(root).attributes["os.type"],
        "host.arch" in resource.host().attributes,
    )


def test_a_distribution_is_described_by_its_own_file(machine):
    """On Linux, name, version and description come from os-release."""
    root, write = machine
    write(
        "etc/os-release",
        'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n# ID=x\nVERSION_ID="12"\n',
    )
    about = resource.os(root).attributes
    assert ("Debian GNU/Linux", "12", "Debian GNU/Linux 12 (bookworm)") == (
        about["os.name"],
        about["os.version"],
        about["os.description"],
    )


def test_a_rolling_distribution_has_a_build_id(machine):
    """`BUILD_ID` of os-release is `os.build_id`; no version is made up where the file has none."""
    root, write = machine
    write("usr/lib/os-release", "NAME=Arch\nBUILD_ID=rolling\n")
    about = resource.os(root).attributes
    assert ("rolling", False) == (about["os.build_id"], "os.version" in about)


def test_the_process_is_this_one():
    """The process detector tells pid, parent and interpreter."""
    about = resource.process().attributes
    expected = {
        "process.pid": os.getpid(),
        "process.parent_pid": os.getppid(),
        "process.executable.path": sys.executable,
        "process.executable.name": Path(sys.executable).name,
        "process.runtime.name": "cpython",
        "process.runtime.version": ".".join(map(str, sys.version_info[:3])),
        "process.runtime.description": sys.version,
    }
    assert expected == dict(about)


def test_command_lines_are_not_read():
    """No detector reads the command line, which may hold a password."""
    found = resource.detect(resource.DETECTORS).attributes
    assert [] == [name for name in found if name.startswith("process.command")]


def test_an_embedded_interpreter_has_no_executable(monkeypatch):
    """A program that embeds Python may leave `sys.executable` empty; the rest is still found."""
    monkeypatch.setattr(sys, "executable", None)
    about = resource.process().attributes
    assert (os.getpid(), False) == (about["process.pid"], "process.executable.path" in about)
    assert "unknown_service:python" == resource.service().attributes["service.name"]


def test_a_prerelease_interpreter_says_so(monkeypatch):
    """The runtime's version names level and serial unless it is final."""
    monkeypatch.setattr(sys.implementation, "version", VersionInfo(3, 15, 0, "beta", 2))
    assert "3.15.0.beta.2" == resource.process().attributes["process.runtime.version"]


class VersionInfo(tuple):
    """`sys.implementation.version` cannot be made by hand."""

    __slots__ = ()

    def __new__(cls, *parts):
        """Take major, minor, micro, level and serial."""
        return super().__new__(cls, parts)

    releaselevel = property(lambda self: self[3])
    serial = property(lambda self: self[4])


def test_a_service_without_a_name_is_called_after_its_program():
    """The default of `service.name` is the specification's: unknown_service and the executable."""
    assert f"unknown_service:{Path(sys.executable).name}" == resource.service().attributes["service.name"]


def test_each_instance_has_an_id_of_its_own():
    """Instance ids are random UUIDs of version 4, variant 1."""
    ids = {resource.new_instance_id() for _ in range(100)}
    pattern = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert (100, True) == (len(ids), all(pattern.fullmatch(one) for one in ids))


def test_the_library_names_itself():
    """`telemetry.sdk.*` says which library made the data, in which version."""
    expected = {
        "telemetry.sdk.name": "midspan",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": metadata.version("midspan"),
    }
    assert expected == dict(resource.sdk().attributes)


def test_a_detector_that_fails_is_left_out():
    """The others' findings stay, and the failure is counted."""

    def broken() -> Resource:
        raise OSError

    found = resource.detect({"broken": broken, "good": lambda: Resource({"a": 1})})
    assert (Resource({"a": 1}), 1) == (found, _trouble.counts()["resource.broken"])


def test_later_detectors_win():
    """Of two detectors that find the same attribute, the later one is believed."""
    found = resource.detect({"one": lambda: Resource({"a": 1}), "two": lambda: Resource({"a": 2})})
    assert {"a": 2} == dict(found.attributes)
