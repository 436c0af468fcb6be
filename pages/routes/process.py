"""What holds in this process, for whoever looks after it: the settings that decide how fast the training stays."""

import gc
import os
import sys
import threading

import psutil
from starlette.requests import Request
from starlette.responses import Response
from streamlit import config

from pages.routes.answers import answer

OPTIONS = (
    "runner.postScriptGC",
    "runner.magicEnabled",
    "server.fileWatcherType",
    "server.address",
    "server.allowedHosts",
    "server.enableAgentApi",
    "server.enableStaticServing",
    "server.enableCORS",
    "server.enableXsrfProtection",
    "server.maxUploadSize",
    "client.showErrorDetails",
    "client.toolbarMode",
    "browser.gatherUsageStats",
)


def process(request: Request) -> Response:
    """Settings in force, threads and memory."""
    threads = [thread.name for thread in threading.enumerate()]
    return answer(
        {
            "options": {name: config.get_option(name) for name in OPTIONS},
            "switch_interval_s": sys.getswitchinterval(),
            "frozen_objects": gc.get_freeze_count(),
            "engines": threads.count("engine-dispatcher"),
            "threads": len(threads),
            "resident_bytes": psutil.Process().memory_info().rss,
            "pid": os.getpid(),
        }
    )
