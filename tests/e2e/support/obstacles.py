"""Disks that are full and folders that cannot be written, by whatever means this machine permits.

Each is a context manager that gives an `Obstacle`: the folder, how it was made, and how to remove it.
"""

import contextlib
import os
import resource
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

SMALL = 3 << 20


@dataclass
class Obstacle:
    """A folder in which writing fails."""

    folder: Path
    how: str
    remove: Callable[[], None]
    # For `Millstream(...)`: what the process needs to meet the obstacle.
    launch: dict = field(default_factory=dict)


def permitted(*command):
    """Runs a command that only some users may run; whether it worked."""
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def full_disk(folder):
    """A disk of three megabytes, or at least a limit of that size for every file."""
    folder.mkdir()
    if permitted("mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)):

        def remove():
            subprocess.run(["mount", "-o", "remount,size=512m", str(folder)], check=True)

        try:
            yield Obstacle(folder, "a tmpfs of 3 MiB", remove)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        return

    launch = {
        "preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL)),
        # Python ignores SIGXFSZ, and so has the child to: the limit is then an error of write(2), as a full disk is.
        "restore_signals": False,
    }
    obstacle = Obstacle(folder, "RLIMIT_FSIZE of 3 MiB (mounting a tmpfs is not permitted)", lambda: None, launch)
    obstacle.remove = obstacle.launch.clear
    yield obstacle


@contextlib.contextmanager
def read_only(folder):
    """Makes an existing folder read-only, with what is in it."""
    folder.mkdir(exist_ok=True)
    path = str(folder)
    if os.geteuid() != 0:

        def chmod(folders, files):
            for place, _, names in os.walk(path):
                os.chmod(place, folders)
                for name in names:
                    os.chmod(os.path.join(place, name), files)

        chmod(0o555, 0o444)
        yield Obstacle(folder, "permissions", lambda: chmod(0o755, 0o644))
        chmod(0o755, 0o644)
    elif permitted("mount", "--bind", path, path) and permitted("mount", "-o", "remount,bind,ro", path):
        mounted = True

        def unmount():
            nonlocal mounted
            if mounted:
                subprocess.run(["umount", "--lazy", path], check=True)
                mounted = False

        try:
            yield Obstacle(folder, "a read-only bind mount", unmount)
        finally:
            unmount()
    elif permitted("chattr", "-R", "+i", path):

        def release():
            subprocess.run(["chattr", "-R", "-i", path], check=True)

        try:
            yield Obstacle(folder, "chattr +i", release)
        finally:
            release()
    else:
        # Even root cannot create a file below a regular file.
        aside = folder.rename(folder.with_name(folder.name + ".aside"))
        folder.write_text("not a folder")

        def restore():
            if aside.exists():
                folder.unlink()
                aside.rename(folder)

        try:
            yield Obstacle(folder, "a regular file in its place (mounting and chattr are not permitted)", restore)
        finally:
            restore()
