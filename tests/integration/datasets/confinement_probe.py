"""Run by test_confinement.py: locks itself in, then tries to get out. Prints {attempt: outcome} as JSON.

python -I confinement_probe.py ROOT EMPTY_FOLDER_FD CANARY_PORT OUTSIDE_FOLDER USER_ID THREADS
"""

# The shortest way to each system call is the point here.
# ruff: noqa: PTH102, PTH104, PTH108, PTH116, PTH123, PTH208, PTH211, SIM115, S606

import ctypes
import json
import mmap
import os
import socket
import sys
import threading
import time

root, folder, port, outside = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
sys.path.append(root)

from nntracker_ray.datasets.confinement import lockdown  # noqa: E402

libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
GIB = 1 << 30


def system_call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def connect():
    with socket.socket() as client:
        client.settimeout(1)
        client.connect(("127.0.0.1", port))


def write_much():
    for _ in range(3):
        os.write(descriptor, bytes(1 << 20))


ATTEMPTS = {
    "read a file": lambda: open("/etc/passwd").read(),
    "read a file by another way": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "read its own memory map": lambda: open("/proc/self/maps").read(),
    "write a file": lambda: open(f"{outside}/made", "w").write("x"),
    "make a folder": lambda: os.mkdir(f"{outside}/folder"),
    "make a link": lambda: os.symlink("/etc", f"{outside}/link"),
    "delete a file": lambda: os.unlink(f"{outside}/kept"),
    "rename a file": lambda: os.rename(f"{outside}/kept", f"{outside}/moved"),
    "see that a file exists": lambda: os.stat("/etc/passwd"),
    "list a folder": lambda: os.listdir("/"),
    "change the root folder": lambda: os.chroot("/"),
    "reach the canary": connect,
    "make an IPv6 socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "make a unix socket": lambda: socket.socket(socket.AF_UNIX),
    "make a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "make a pair of sockets": socket.socketpair,
    "fork": os.fork,
    "run a program": lambda: os.execv("/bin/sh", ["sh", "-c", "true"]),
    "run a program by posix_spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "start a thread": lambda: threading.Thread(target=lambda: None).start(),
    "signal its parent": lambda: os.kill(parent, 0),
    "signal everybody": lambda: os.kill(-1, 0),
    "signal by tgkill": lambda: system_call(234, parent, parent, 0),
    "trace a process": lambda: system_call(101, 0, 0, 0, 0),
    "read another process's memory": lambda: system_call(310, parent, 0, 0, 0, 0, 0),
    "become root": lambda: os.setuid(0),
    "make namespaces": lambda: system_call(272, 0x10000000),
    "mount": lambda: system_call(165, b"none", b"/", b"tmpfs", 0, 0),
    "load a kernel program": lambda: system_call(321, 0, 0, 0),
    "use io_uring": lambda: system_call(425, 1, 0),
    "use the kernel's keys": lambda: system_call(250, 0, 0, 0, 0),
    "make an anonymous file": lambda: os.memfd_create("x"),
    "make a pipe": os.pipe,
    "duplicate a descriptor": lambda: os.dup(1),
    "map executable memory": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "raise its limits": lambda: system_call(302, 0, 9, 0, 0),
    "import what is not loaded": lambda: __import__("sqlite3"),
    "take 80 GiB": lambda: bytearray(80 * GIB),
    "take more than its memory": lambda: bytearray(GIB),
    "write more than its file size": write_much,
}
ALLOWED = {
    "take a little memory": lambda: bytearray(1 << 20),
    "read the clock": time.time,
    "random bytes": lambda: os.urandom(8),
    "write to an open file": lambda: os.write(descriptor, b"x"),
}


def outcome(attempt):
    try:
        attempt()
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        return type(error).__name__
    return "done"


descriptor = os.open(f"{outside}/open", os.O_RDWR | os.O_CREAT)
for _ in range(int(sys.argv[6])):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
if os.getuid() != int(sys.argv[5]):
    os.setresuid(*[int(sys.argv[5])] * 3)
measures = lockdown.lock_down(lockdown.Allowance(memory_bytes=GIB // 2, cpu_s=20, file_bytes=2 << 20), folder)
results = {name: outcome(attempt) for name, attempt in {**ALLOWED, **ATTEMPTS}.items()}
print(json.dumps({"results": results, "holding": measures.holding, "missing": measures.missing}), flush=True)
os._exit(0)
