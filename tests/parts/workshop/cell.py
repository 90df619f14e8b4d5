"""Run the code of standard input in a kernel, in the container; print what came of it as JSON."""

from __future__ import annotations

import json
import sys

from jupyter_client.manager import start_new_kernel

SECONDS = 120


def main(kernel):
    """Print status, text and the kinds of pictures."""
    found = {"text": "", "shown": []}

    def note(message):
        content = message["content"]
        if message["msg_type"] == "stream":
            found["text"] += content["text"]
        elif message["msg_type"] == "display_data":
            found["shown"] += sorted(content["data"])
        elif message["msg_type"] == "error":
            found["text"] += f"{content['ename']}: {content['evalue']}"

    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=SECONDS)
    reply = client.execute_interactive(sys.stdin.read(), timeout=SECONDS, output_hook=note)
    manager.shutdown_kernel(now=True)
    sys.stdout.write(json.dumps({"status": reply["content"]["status"], **found}))


main(sys.argv[1])
