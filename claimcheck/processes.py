"""Processes that end with whoever started them."""

import os
import threading
import time

_POLL_SECONDS = 0.5


def end_with(parent: int) -> None:
    """End this process when the one that started it is gone: one that was killed cannot say so."""
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
