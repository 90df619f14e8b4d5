"""Run in a server's container: milliseconds from a cell to its idle kernel, with no server.

What the kernel itself takes, asked over its own sockets, a client's part of it included: no
server, proxy or network makes a cell much quicker than that.
"""

import json
import sys
import time

from jupyter_client.manager import start_new_kernel

SECONDS = 60  # for a message
code, warm, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def seconds() -> float:
    """Run the cell once."""
    began = time.perf_counter()
    asked = client.execute(code)
    while True:
        said = client.get_iopub_msg(timeout=SECONDS)
        mine = said["parent_header"].get("msg_id") == asked
        if mine and said["content"].get("execution_state") == "idle":
            break
    taken = time.perf_counter() - began
    if client.get_shell_msg(timeout=SECONDS)["content"]["status"] != "ok":
        raise SystemExit(f"{code!r} failed")
    return taken


manager, client = start_new_kernel()
try:
    taken = [1000 * seconds() for _ in range(warm + times)]
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
sys.stdout.write(json.dumps(taken[warm:]))
