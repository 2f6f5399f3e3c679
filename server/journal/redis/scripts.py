"""What Redis runs in one step, from the ``.lua`` files beside this module."""

import hashlib
from importlib import resources


class Script:
    """A script; Redis knows it by the checksum of its text."""

    def __init__(self, *names: str) -> None:
        """Put it together from files of this package."""
        folder = resources.files(__package__)
        self.text = "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


APPEND = Script("appending.lua", "append.lua")
SWAP = Script("appending.lua", "swap.lua")
RESTORE = Script("restore.lua")
CLAIM = Script("claim.lua")
BUILD = Script("build.lua")
READ = Script("read.lua")
COMMAND = Script("command.lua")
LISTING = Script("listing.lua")
