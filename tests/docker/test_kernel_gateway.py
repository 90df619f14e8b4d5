"""Kernels on the kit's gateway are their users', with accounts and homes of their own."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import websocket

from tests.gateway import FILES, TOKEN, Gateway, User
from tests.support import until


def test_a_cell_runs_on_the_gateway_as_its_user(gateway: Gateway, ada: User):
    kernel = ada.attach(ada.start(KERNEL_USERNAME="ada", KERNEL_NOTE="kept", SECRET="not kept"))

    said = kernel.run(
        "import os, pwd, socket\n"
        "(socket.gethostname(), pwd.getpwuid(os.getuid()).pw_name, os.getcwd(), os.getgid(),"
        " os.getgroups(), os.environ['KERNEL_NOTE'], 'SECRET' in os.environ)"
    )

    host = gateway.inside("hostname").strip()
    group = int(gateway.inside("id", "-g", "ada"))
    assert said == repr((host, "ada", "/data/homes/ada", group, [], "kept", False))


def test_somebody_elses_name_is_refused(gateway: Gateway, ada: User):
    body = {"name": "python3", "env": {"KERNEL_USERNAME": "bob"}}

    answer = ada.ask("POST", "/api/kernels", json=body)

    assert answer.status_code == 403
    assert answer.json()["message"] == "KERNEL_USERNAME is 'bob', but the certificate is for 'ada'."
    assert ada.list() == []
    assert gateway.kernels() == []


@pytest.mark.parametrize(
    "env", [{}, {"KERNEL_USERNAME": ""}, None], ids=["none", "empty", "no env"]
)
def test_a_missing_name_is_filled_in(ada: User, env: Any):
    answer = ada.ask("POST", "/api/kernels", json={"env": env})

    kernel = ada.attach(answer.json()["id"])

    assert kernel.run("import os; os.environ['KERNEL_USERNAME']") == "'ada'"


def test_others_kernels_are_not_there(ada: User, bob: User):
    """To everybody but its owner a kernel is what no kernel is, in the same words."""
    kernel, nothing = ada.start(), str(uuid.uuid4())
    asked = [("GET", ""), ("DELETE", ""), ("POST", "/interrupt"), ("POST", "/restart")]
    asked.append(("GET", "/channels"))

    for method, action in asked:
        theirs = bob.ask(method, f"/api/kernels/{kernel}{action}")
        missing = bob.ask(method, f"/api/kernels/{nothing}{action}")
        assert theirs.status_code == missing.status_code == 404, (method, action)
        assert theirs.text.replace(kernel, nothing) == missing.text
    for there in (kernel, nothing):
        with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
            bob.attach(there)

    assert bob.list() == []
    assert ada.list() == [kernel]
    assert ada.attach(kernel).run("6 * 7") == "42"


def test_an_id_cannot_be_asked_for(ada: User, bob: User):
    """Kernel Gateway would hand over the kernel that has it."""
    kernel = ada.start()

    answer = bob.ask("POST", "/api/kernels", json={"kernel_id": kernel})

    assert answer.status_code == 201
    assert answer.json()["id"] != kernel


def test_two_start_at_the_same_time(gateway: Gateway, ada: User, bob: User):
    """Each gets what they asked for, and so does whoever comes after."""
    users = [ada, bob, gateway.user("carol")]
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(lambda user: user.start(KERNEL_NOTE=f"of {user.name}"), users))
    after = ada.start()

    code = "import getpass, os; getpass.getuser(), os.environ.get('KERNEL_NOTE')"
    for user, kernel in zip(users, started, strict=True):
        assert user.attach(kernel).run(code) == repr((user.name, f"of {user.name}"))
    assert ada.attach(after).run(code) == repr(("ada", None))
    users[-1].ask("DELETE", f"/api/kernels/{started[-1]}")


def test_what_knows_no_owner_is_not_served(ada: User):
    for path in ("/api/sessions", "/api/swagger.json", "/api/contents", "/metrics", "/files/x"):
        assert ada.ask("GET", path).status_code == 404, path
    assert ada.ask("GET", "/api/kernelspecs").json()["default"] == "python3"


def test_interrupt_restart_and_delete(gateway: Gateway, ada: User):
    identity = ada.start()
    kernel = ada.attach(identity)
    kernel.run(
        "import os, subprocess; kept = subprocess.Popen(['sleep', '9999'], start_new_session=True)"
    )

    kernel.socket.settimeout(20)
    ada.ask("POST", f"/api/kernels/{identity}/interrupt")
    assert ada.ask("POST", f"/api/kernels/{identity}/restart").status_code == 200
    again = ada.attach(identity)
    assert (
        again.run("import os; 'kept' in globals(), os.environ['HOME']")
        == "(False, '/data/homes/ada')"
    )
    assert ada.ask("DELETE", f"/api/kernels/{identity}").status_code == 204

    uid = gateway.inside("id", "-u", "ada").strip()
    assert ada.list() == []
    assert not [words for words in gateway.processes() if words[0] == uid], "nothing is left"
    assert not [words for words in gateway.processes() if words[1].startswith("Z")]


def test_a_running_cell_can_be_interrupted(ada: User):
    identity = ada.start()
    kernel = ada.attach(identity)
    header = {"msg_id": "m", "msg_type": "execute_request", "session": "s", "username": ""}
    content = {"code": "import time; time.sleep(60)", "silent": False, "stop_on_error": False}
    message = {"header": {**header, "version": "5.3"}, "parent_header": {}, "metadata": {}}
    kernel.socket.send(json.dumps({**message, "content": content, "channel": "shell"}))
    until(lambda: json.loads(kernel.socket.recv())["msg_type"] == "execute_input", 20, "it runs")

    assert ada.ask("POST", f"/api/kernels/{identity}/interrupt").status_code == 204

    until(lambda: json.loads(kernel.socket.recv())["msg_type"] == "error", 20, "it ends")
    assert kernel.run("1 + 1") == "2"


def test_files_and_processes_are_their_owners(gateway: Gateway, ada: User, bob: User):
    hers = ada.start()
    kernel = ada.attach(hers)
    kernel.run("open('secret.txt', 'w').write('x'); open('/tmp/mine', 'w').write('x')")
    pid = kernel.run("import os; os.getpid()")
    assert kernel.run("import os; oct(os.stat('.').st_mode)") == "'0o40700'"
    connection = kernel.run("from ipykernel import get_connection_file; get_connection_file()")

    tried = bob.run(
        "import os, signal\n"
        "def attempt(what, *words):\n"
        "    try: return what(*words)\n"
        "    except OSError as error: return type(error).__name__\n"
        f"pid, connection = {pid}, {connection}\n"
        f"files = ['/data/homes/ada/secret.txt', '/tmp/mine', connection, '{FILES}/key.pem',"
        f" '{FILES}/token', f'/proc/{{pid}}/environ', f'/proc/{{pid}}/mem', '/proc/1/environ']\n"
        "found = {attempt(open, name) for name in files}\n"
        "found |= {attempt(os.kill, pid, signal.SIGTERM), attempt(os.kill, 1, 9)}\n"
        "found | {attempt(os.listdir, place) for place in ['/data/homes/ada', '/data/homes',"
        " os.path.dirname(connection)]}"
    )

    assert tried == "{'PermissionError'}"
    assert kernel.run("1 + 1") == "2"


def test_nobody_listens_in(ada: User, bob: User):
    """A kernel's ports are open to all on its machine; without its key they say nothing."""
    kernel = ada.attach(ada.start())
    port = kernel.run(
        "import json; from ipykernel import get_connection_info\n"
        "json.loads(get_connection_info())['iopub_port']"
    )
    spy = bob.attach(bob.start())
    spy.run(
        f"import zmq; s = zmq.Context().socket(zmq.SUB); s.subscribe(b''); "
        f"s.connect('tcp://127.0.0.1:{port}')"
    )

    kernel.run("print('nobody else shall read this')")

    assert spy.run("s.poll(1500)") == "0"


def test_a_kernel_knows_no_secret(ada: User):
    said = ada.run("import os; dict(os.environ)")

    assert TOKEN not in said
    for name in ("KG_", "GATEWAY_", "JUPYTER_RUNTIME"):
        assert name not in said.replace("KERNEL_GATEWAY", "")


def test_the_limit_is_each_users_own(ada: User, bob: User):
    kernels = [ada.start() for _ in range(3)]

    answer = ada.ask("POST", "/api/kernels", json={"name": "python3"})

    assert answer.status_code == 403
    assert answer.json()["message"] == "You have 3 kernels, which is the limit: end one first."
    assert sorted(ada.list()) == sorted(kernels)
    assert bob.start()
