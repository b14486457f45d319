"""Runs a command and writes what it cost: measure.py RESULT.json COMMAND [ARGUMENT ...]

It has to be a small process of its own (`python3 -I -S`): the kernel counts the memory of the process that starts a
command, up to the moment of exec, into the command's own peak.
"""

import json
import os
import sys
import time


def main(result_path, *command):
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, f"cannot run {command[0]}: {error.strerror}\n".encode())
            os._exit(127)
    _, status, usage = os.wait4(child, 0)
    result = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - started,
        "user_seconds": usage.ru_utime,
        "system_seconds": usage.ru_stime,
        "peak_rss_bytes": usage.ru_maxrss * 1024,
    }
    with open(result_path, "w") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
