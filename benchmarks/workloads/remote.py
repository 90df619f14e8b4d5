"""A kernel on a kernel gateway over mutual TLS, beside one in the server itself."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from benchmarks import engine
from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import PASSWORD, Side
from benchmarks.workloads.cells import PAUSE, paced

KERNELS, CELLS, SECONDS = 3, 20, 60
LOCAL, REMOTE = "u01", "remote01"
RESULT, CELL = "first cell's result, from the request for a kernel", "1+1, to idle"
FILES = "/run/hubkit/gateway"
BUNDLE = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
COPY = "cp /from/* /to/ && chown 0:0 /to/* && chmod 0400 /to/*"
# As images/kernel-gateway/compose.yml has it.
CONTAINED = ("--read-only", "--security-opt", "no-new-privileges", "--cap-drop", "ALL")
CAPABILITIES = ("SETUID", "SETGID", "CHOWN", "KILL")
MOUNTS = ("--tmpfs", "/tmp:exec", "--tmpfs", "/run/kernels:mode=0755")  # noqa: S108 (its own)


def kernels_of(name: str) -> Callable[[Side, Sample], Awaitable[None]]:
    """Return what *name* does: start a kernel, run cells, end it, and again."""

    async def run(side: Side, sample: Sample) -> None:
        if name == REMOTE and not side.memo.get("gateway"):
            await _start_gateway(side)
            side.memo["gateway"] = True
        async with Visitor(side, name) as visitor:
            await visitor.sign_in(PASSWORD)
            await visitor.open_lab()
            for _ in range(KERNELS):
                with sample.measured():
                    await _one(visitor, sample)

    return run


async def _one(visitor: Visitor, sample: Sample) -> None:
    began = time.perf_counter()
    kernel = await visitor.kernel()
    opened = time.perf_counter() - began
    ran = await kernel.run("1+1")
    sample.add(RESULT, opened + ran.output)
    sample.add(CELL, *[1000 * (await paced(kernel, "1+1", PAUSE)).idle for _ in range(CELLS)])
    await visitor.end(kernel)


async def _start_gateway(side: Side) -> None:
    """Make certificates with the kit's own commands and start the kit's gateway beside it."""
    root, name = side.common.checkout, f"{side.common.tag}gateway"
    file = "images/kernel-gateway/Dockerfile"
    build = ("build", "--quiet", "--tag", name, "--file", file, "--secret", BUNDLE, ".")
    await engine.docker(*build, cwd=root)
    for words in (("init-ca",), ("server", name), ("issue", REMOTE)):
        await engine.run("scripts/hubkit.sh", "certs", *words, cwd=root)
    await engine.run("make", "reload", cwd=root)
    source = root / "secrets" / "gateway-ca" / "servers" / name
    volumes = ("--volume", f"{source}:/from:ro", "--volume", f"{name}-files:/to")
    await engine.docker("run", "--rm", *volumes, "hubkit-base", "sh", "-c", COPY)
    options = ["--name", name, "--network", side.network, *CONTAINED, *MOUNTS]
    options += [word for one in CAPABILITIES for word in ("--cap-add", one)]
    options += ["--volume", f"{name}-files:{FILES}:ro", "--volume", f"{name}-data:/data"]
    options += ["--env", f"KG_AUTH_TOKEN={side.common.token}"]
    await engine.docker("run", "--detach", *options, name)
    health = ("exec", name, "python", "-Im", "hubkit_gateway.health")
    ready = f"until docker {' '.join(health)}; do sleep 0.2; done"
    await engine.run("sh", "-c", ready, seconds=SECONDS)


WORKLOADS = (
    Workload(
        "remote-kernel",
        "A kernel on the kit's kernel gateway over mutual TLS, beside one in the server itself.",
        (Metric(RESULT, "s", ("median", "max")), Metric(CELL, "ms", ("median", "p95"))),
        kernels_of(REMOTE),
        (LOCAL, REMOTE),
        compares=("local", "remote"),
        on_stock=kernels_of(LOCAL),
        cpu=False,
    ),
)
