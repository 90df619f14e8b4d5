"""Which kernel is whose."""

from __future__ import annotations

from typing import Any

from kernel_gateway.services.kernels.manager import SeedingMappingKernelManager
from tornado import web
from traitlets import Instance, Integer

from hubkit_gateway.accounts import Account, Accounts, end_processes
from hubkit_gateway.provisioner import NAME


class OwnedKernelManager(SeedingMappingKernelManager):
    """Kernels that each belong to a user, and run as that user's account."""

    accounts = Instance(Accounts)
    kernels_per_user = Integer(10, config=True, help="How many kernels a user may run at a time.")

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.owners: dict[str, Account] = {}

    def owner_of(self, kernel_id: str) -> str | None:
        """Return whose the kernel is; None if there is none."""
        owner = self.owners.get(kernel_id)
        return owner.user if owner else None

    def of(self, user: str) -> list[str]:
        """Return the ids of the kernels of *user*, those that are starting included."""
        return [kernel_id for kernel_id, owner in self.owners.items() if owner.user == user]

    async def start_kernel(self, *args: Any, user: str = "", **kwargs: Any) -> str:
        """Start a kernel for *user* and return its id, which nobody can choose.

        Raises:
            HTTPError: 403 if the user has as many kernels as are allowed.
        """
        if not user:
            raise RuntimeError("a kernel belongs to somebody")
        if len(self.of(user)) >= self.kernels_per_user:
            limit = f"You have {self.kernels_per_user} kernels, which is the limit: end one first."
            raise web.HTTPError(403, limit)
        account = self.accounts.get(user)
        kernel_id: str = self.new_kernel_id()
        self.owners[kernel_id] = account
        try:
            await super().start_kernel(*args, kernel_id=kernel_id, account=account, **kwargs)
        except BaseException:
            self._disown(kernel_id)
            raise
        said = "kernel %s is %r's, account %s (%d)"
        self.log.info(said, kernel_id, user, account.name, account.uid)
        return kernel_id

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that ended; with a user's last one, all they left running ends."""
        self._disown(kernel_id)
        return super().remove_kernel(kernel_id)

    def _disown(self, kernel_id: str) -> None:
        account = self.owners.pop(kernel_id, None)
        if account and not self.of(account.user):
            end_processes(account)

    def check_spec(self, name: str) -> None:
        """Refuse a kernel that does not exist, or would not run as the user.

        Raises:
            HTTPError: 404 or 403, with a sentence.
        """
        try:
            spec = self.kernel_spec_manager.get_kernel_spec(name)
        except (KeyError, ValueError) as error:  # NoSuchKernel is a KeyError
            raise web.HTTPError(404, f"The gateway has no kernel called {name!r}.") from error
        asks = spec.metadata.get("kernel_provisioner", {}).get("provisioner_name", NAME)
        if asks != NAME:
            raise web.HTTPError(403, f"The kernel {name!r} would not run as you.")
        if "curve" not in (spec.metadata.get("supported_encryption") or ()):
            raise web.HTTPError(403, f"The kernel {name!r} cannot encrypt what it says.")
