"""A network as of another machine, which this one reaches by a link."""

from __future__ import annotations

from tests.support import run, until

SECONDS = 60
PLACES = 60
LINKS, NETWORKS = "10.231.89", "10.214"


class Elsewhere:
    """A network namespace with a name, a link and addresses that no other has.

    The kernel gives a name once, which keeps apart those of this run, of one beside it and of
    one that was killed and left its own: two links with the same addresses lose each other's
    answers.
    """

    def __init__(self, *, with_networks: bool = False) -> None:
        self._refusal = ""
        place = next(filter(self._take, range(PLACES)), None)
        assert place is not None, f"none of {PLACES} network namespaces: {self._refusal}"
        self.name = f"kit{place}"
        self.this_host, self.address = f"{LINKS}.{4 * place + 1}", f"{LINKS}.{4 * place + 2}"
        self.networks = f"{NETWORKS}.{4 * place}.0/22"  # reached from here, not left
        try:
            self._link()
            if with_networks:
                self._open_networks()
        except BaseException:
            self.remove()
            raise

    def _take(self, place: int) -> bool:
        done = run("ip", "netns", "add", f"kit{place}", check=False)
        self._refusal = done.stderr
        return bool(done.returncode == 0)

    def _link(self) -> None:
        ours, theirs = f"{self.name}a", f"{self.name}b"
        run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.name)
        # An IPv6 address gets ready a second or two later, which is a change of network that
        # a browser notices. A kernel without IPv6 refuses the words and needs them not.
        run("ip", "link", "set", ours, "addrgenmode", "none", check=False)
        self.ip("link", "set", theirs, "addrgenmode", "none", check=False)
        run("ip", "address", "add", f"{self.this_host}/30", "dev", ours)
        self.ip("address", "add", f"{self.address}/30", "dev", theirs)
        run("ip", "link", "set", ours, "up")
        for name in ("lo", theirs):
            self.ip("link", "set", name, "up")
        until(
            lambda: "state UP" in self.ip("link", "show", theirs),
            SECONDS,
            f"the network {self.name} is up",
        )

    def ip(self, *words: str, check: bool = True) -> str:
        """Say *words* to `ip` over there, and return what it printed."""
        return str(run("ip", "-n", self.name, *words, check=check).stdout)

    def _open_networks(self) -> None:
        self.ip("route", "add", "default", "via", self.this_host)
        run("ip", "route", "add", self.networks, "via", self.address)
        run("ip", "netns", "exec", self.name, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def remove(self) -> None:
        # Else it goes with the last process over there, and its name is taken until then.
        run("ip", "link", "delete", f"{self.name}a", check=False)
        run("ip", "netns", "delete", self.name, check=False)
