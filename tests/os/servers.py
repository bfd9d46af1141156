#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""servers.py: servers on the kernel's sockets, one that is right and others that are not.

Each function says what it does with what it has received; `tcp` and `udp` below say on which port.
"""

import selectors
import socket
import struct

HEAD = b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nok"


def echo(data):
    """As it came."""
    return data


def flip(data):
    """With one bit of the last byte changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


def half(data):
    """Half of it, and the end of the stream."""
    return data[:len(data) // 2], None


def twice(data):
    """Twice as much."""
    return data + data


def nothing(_):
    """It is never answered."""
    return b""


def reset(_):
    """The connection is reset."""
    return b"", reset


def end(_):
    """No answer, and the end of the stream."""
    return b"", None


def broken(_):
    """HTTP that says 500."""
    return HEAD % b"500 Internal Server Error"


def babble(_):
    """No HTTP at all."""
    return b"I speak no such protocol.\r\n" * 4


tcp = {7: echo, 7001: flip, 7002: half, 7003: twice, 7004: nothing, 7005: reset, 7006: end,
       8001: broken, 8002: babble}
udp = {7: echo, 7001: flip, 7004: nothing}


class Servers:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        for port, does in tcp.items():
            sock = socket.create_server(("0.0.0.0", port), backlog=4096)
            self.watch(sock, self.accept, does)
        for port, does in udp.items():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            sock.bind(("0.0.0.0", port))
            self.watch(sock, self.datagram, does)

    def watch(self, sock, what, does):
        sock.setblocking(False)
        self.selector.register(sock, selectors.EVENT_READ, (what, does))

    def forget(self, sock):
        self.selector.unregister(sock)
        sock.close()

    def accept(self, listener, does):
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.watch(sock, self.segment, does)

    def segment(self, sock, does):
        data = sock.recv(1 << 16)
        if not data:
            self.forget(sock)
            return
        answer = does(data)
        answer, *then = answer if isinstance(answer, tuple) else (answer,)
        sock.send(answer)
        if then == [None]:
            sock.shutdown(socket.SHUT_WR)
        elif then:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.forget(sock)

    def datagram(self, sock, does):
        data, whom = sock.recvfrom(1 << 16)
        answer = does(data)
        if answer:
            sock.sendto(answer, whom)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                what, does = key.data
                try:
                    what(key.fileobj, does)
                except BlockingIOError:
                    pass
                except OSError:
                    self.forget(key.fileobj)


Servers().run()
