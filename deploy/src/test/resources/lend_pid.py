"""Tries to lend a unit by a pid that is used again. In a pid namespace of its own, with the daemon.

A process connects, hands the connection to a child, and ends. While the daemon is stopped, its pid is given
to a process of the unit. The child then registers a field: prints what it is answered.
"""
import os
import signal
import socket
import sys

path, daemon, procs = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def frame(kind, flags, stream, body):
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def header(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def register(connection):
    headers = header(b":method", b"POST") + header(b":scheme", b"http")
    headers += header(b":path", b"/metakey.v1.Registry/Register") + header(b":authority", b"localhost")
    headers += header(b"content-type", b"application/grpc") + header(b"te", b"trailers")
    message = b"\x0a\x07\x0a\x03a.b\x10\x02"
    data = b"\0" + len(message).to_bytes(4, "big") + message
    connection.sendall(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, headers) + frame(0, 1, 1, data)
    )
    connection.settimeout(30)
    answer = b""
    while b"grpc-status" not in answer:
        part = connection.recv(65536)
        if not part:
            break
        answer += part
    print(repr(answer), flush=True)


def connect_and_end():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    if os.fork() == 0:
        os.read(go[0], 1)
        register(connection)
    os._exit(0)


os.kill(daemon, signal.SIGSTOP)
gone, go = os.pipe(), os.pipe()
first = os.fork()
if first == 0:
    os.close(go[1])
    connect_and_end()
os.close(gone[1])
os.waitpid(first, 0)
second = 0
for _ in range(100):
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(first - 1))
    second = os.fork()
    if second == 0:
        signal.pause()
    if second == first:
        break
    os.kill(second, signal.SIGKILL)
    os.waitpid(second, 0)
assert second == first, "the pid was not given again"
with open(procs, "w") as members:
    members.write(str(second))
os.kill(daemon, signal.SIGCONT)
os.write(go[1], b"x")
os.close(go[1])
os.read(gone[0], 1)  # ends with the child
os.kill(second, signal.SIGKILL)
