#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""crowd.py WHAT ARGUMENT...: many clients at once; each function says what.

Exit status 0: it went as its text says. Otherwise 1, behind a line that tells why.
"""

import concurrent.futures
import errno
import select
import socket
import struct
import sys
import time

from peer import WAIT, connect, expect, ip_frame

AT_ONCE = 200  # connections that are being opened, or end
CLOSED = 7  # of the kernel's states


# A flood ----------------------------------------------------------------------------------------


def half_opens(iface, mac, host, port, rate, seconds):
    """SYNs of 198.18.0.0/15 (RFC 2544), an address and a port for each, that nobody stands for."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((iface, 0))
    link = bytes.fromhex(mac.replace(":", "")) + sock.getsockname()[4]
    theirs, options = socket.inet_aton(host), struct.pack("!BBH", 2, 4, 1460)
    total, sent, begin = int(rate) * int(seconds), 0, time.monotonic()
    while sent < total:
        ours = socket.inet_aton("198.18.0.0")[:1] + struct.pack("!I", 0x120001 + sent)[1:]
        head = struct.pack("!HHIIBBHHH", 1024 + sent % 60000, int(port), sent * 7919, 0, 0x60, 2,
                           64000, 0, 0)
        sock.send(ip_frame(link, 6, ours, theirs, head + options, 16))
        sent += 1
        if sent % 50 == 0:
            time.sleep(max(0, begin + sent / int(rate) - time.monotonic()))
    took = time.monotonic() - begin
    print(f"{sent} in {took:.1f} s")
    expect("a busy machine", took < 2 * int(seconds), True)


def visit(host, port, number):
    """A connection is opened, serves, and is closed. Why it did not; and how long it took."""
    begin, data = time.monotonic(), b"%08d" % number
    try:
        with connect(host, port) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            got = b""
            while block := sock.recv(100):
                got += block
    except OSError as error:
        return str(error), time.monotonic() - begin
    return "" if got == data else f"echoed {got}", time.monotonic() - begin


def visits(host, port, number, seconds):
    """So many ordinary connections to an echo service, evenly spread, all of them served."""
    step, begin, results = float(seconds) / int(number), time.monotonic(), []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for i in range(int(number)):
            time.sleep(max(0, begin + i * step - time.monotonic()))
            results.append(pool.submit(visit, host, port, i))
    failed = [why for why, _ in map(concurrent.futures.Future.result, results) if why]
    times = sorted(took for _, took in map(concurrent.futures.Future.result, results))
    print(f"{len(failed)} of {number} failed, median {times[len(times) // 2]:.3f} s, "
          f"slowest {times[-1]:.3f} s")
    expect("failed", failed[:5], [])


# Ends -------------------------------------------------------------------------------------------


def open_all(host, port, number):
    """Connections, AT_ONCE at a time."""
    socks, opening, poll = [], {}, select.epoll()
    while len(socks) < int(number):
        while len(opening) < AT_ONCE and len(socks) + len(opening) < int(number):
            sock = socket.socket()
            sock.setblocking(False)
            rc = sock.connect_ex((host, int(port)))
            expect("connect", rc in (0, errno.EINPROGRESS), True)
            opening[sock.fileno()] = sock
            poll.register(sock, select.EPOLLOUT)
        events = poll.poll(WAIT)
        expect("connected in time", bool(events), True)
        for fd, _ in events:
            sock = opening.pop(fd)
            poll.unregister(fd)
            expect("connect", sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)
            sock.settimeout(WAIT)
            socks.append(sock)
    return socks


def ask(socks, request):
    for sock in socks:
        sock.sendall(request)


def greet(socks):
    """An echo service has heard each of them."""
    ask(socks, b"hello")
    for sock in socks:
        expect("echo", sock.recv(5, socket.MSG_WAITALL), b"hello")


def rest_of(sock):
    """What comes until the end; a reset is one, too."""
    data = b""
    try:
        while block := sock.recv(1 << 16):
            data += block
    except ConnectionResetError:
        return "reset"
    return data


def state_of(sock):
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def close_all(socks):
    for sock in socks:
        sock.close()


def fin_first(host, port, number):
    """An echo service: our FIN comes first, then its."""
    socks = open_all(host, port, number)
    ask(socks, b"hello")
    for sock in socks:
        sock.shutdown(socket.SHUT_WR)
    for sock in socks:
        expect("echo and end", rest_of(sock), b"hello")
    close_all(socks)


def fin_last(host, port, number):
    """An HTTP server: its FIN comes first; ours when all have come."""
    socks = open_all(host, port, number)
    ask(socks, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for sock in socks:
        expect("answer and end", rest_of(sock)[:15], b"HTTP/1.1 200 OK")
    close_all(socks)


def fin_crossing(host, port, number, delay):
    """An HTTP server behind a wire of some delay: our FIN leaves when its is under way."""
    for first in range(0, int(number), AT_ONCE):
        socks = open_all(host, port, min(AT_ONCE, int(number) - first))
        ask(socks, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        time.sleep(1.5 * float(delay))
        for sock in socks:
            sock.shutdown(socket.SHUT_WR)
        for sock in socks:
            expect("answer and end", rest_of(sock)[:15], b"HTTP/1.1 200 OK")
        close_all(socks)


def rst_first(host, port, number):
    """Resets of ours, with an answer under way."""
    socks = open_all(host, port, number)
    ask(socks, b"hello")
    for sock in socks:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


def rst_last(host, port, number, sign):
    """Connections that stay open behind the server's FIN, until it resets them."""
    socks = open_all(host, port, number)
    greet(socks)
    with open(sign, "w", encoding="ascii"):
        pass
    end = time.monotonic() + WAIT
    for i, sock in enumerate(socks):
        while state_of(sock) != CLOSED:
            expect(f"reset of connection {i} in time", time.monotonic() < end, True)
            time.sleep(0.01)
    close_all(socks)


def stay(host, port, number, sign):
    """Connections that stay for as long as we live; `sign` is made when each was served."""
    socks = open_all(host, port, number)
    if port == "7":
        greet(socks)
    for sock in socks:
        expect("stream", port == "7" or len(sock.recv(1)) == 1, True)
    with open(sign, "w", encoding="ascii"):
        time.sleep(600)
    close_all(socks)


def main():
    what = {f.__name__: f for f in (half_opens, visits, fin_first, fin_last, fin_crossing,
                                    rst_first, rst_last, stay)}
    try:
        what[sys.argv[1]](*sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
