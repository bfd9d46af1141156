#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""peer.py WHAT ARGUMENT...: what no client in a package does; each function says what.

Exit status 0: it went as its text says. Otherwise 1, behind a line that tells why.
"""

import errno
import hashlib
import os
import random
import select
import socket
import struct
import sys
import time

WAIT = 20  # seconds, for anything
LINE = 72  # characters of a line of chargen


def connect(host, port):
    sock = socket.create_connection((host, int(port)), timeout=WAIT)
    sock.settimeout(WAIT)
    return sock


def read_all(sock):
    data = bytearray()
    while True:
        block = sock.recv(1 << 16)
        if not block:
            return bytes(data)
        data += block


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"{what}: {str(got)[:200]}, expected {str(wanted)[:200]}")


# UDP --------------------------------------------------------------------------------------------


def udp_echo(host, port):
    """Datagrams of many lengths, odd and even, come back as they were."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(WAIT)
    sock.connect((host, int(port)))
    for size in [0, 1, 2, 3, 17, 18, 63, 64, 65, 511, 1000, 1471, 1472]:
        data = os.urandom(size)
        sock.send(data)
        expect(f"{size} bytes", sock.recv(4096), data)


def udp_closed(host, port):
    """A closed UDP port is reported (ICMP port unreachable), once and again."""
    for _ in range(2):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(WAIT)
        sock.connect((host, int(port)))
        sock.send(b"anybody there?")
        try:
            sock.recv(100)
            sys.exit("an answer")
        except ConnectionRefusedError:
            pass
        sock.close()
        time.sleep(0.5)  # a rate limit is allowed


# TCP --------------------------------------------------------------------------------------------


def tcp_closed(host, port):
    """A closed TCP port refuses."""
    try:
        connect(host, port)
        sys.exit("connected")
    except ConnectionRefusedError:
        pass


def upload(host, port, megabytes):
    """All of it goes out, and the peer's FIN, which it sends only behind ours, comes in."""
    sock = connect(host, port)
    block = os.urandom(1 << 20)
    for _ in range(int(megabytes)):
        sock.sendall(block)
    sock.shutdown(socket.SHUT_WR)
    expect("behind the end", read_all(sock), b"")
    unsent = struct.unpack("B", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1))[0]
    expect("state", unsent in (7, 6), True)  # closed, or in TIME-WAIT: not reset on the way


def first_to_close(host, port):
    """We say that we are done before anything has come back, and still read all of it."""
    data = os.urandom(30000)
    sock = connect(host, port)
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    expect("echo", read_all(sock) == data, True)


def last_to_close(host, port, path):
    """The server ends first (Connection: close); we read its end, linger, and end then."""
    sock = connect(host, port)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = read_all(sock)
    expect("status", answer.split(b"\r\n")[0], b"HTTP/1.1 200 OK")
    time.sleep(0.5)
    sock.shutdown(socket.SHUT_WR)
    sock.close()


def reset(host, port):
    """Connections that end by a reset of ours, in the middle of it."""
    for _ in range(50):
        sock = connect(host, port)
        sock.sendall(b"x" * 5000)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    first_to_close(host, port)


def many(host, port, number, hold):
    """So many connections at once; each asks and is answered twice; all stay for a while."""
    poll = select.epoll()
    socks = {}
    for i in range(int(number)):
        sock = socket.socket()
        sock.setblocking(False)
        rc = sock.connect_ex((host, int(port)))
        if rc not in (0, errno.EINPROGRESS):
            sys.exit(f"connection {i}: {os.strerror(rc)}")
        socks[sock.fileno()] = [sock, b"%08d" % i, 0]
        poll.register(sock, select.EPOLLOUT)
    ask_all(poll, socks)
    time.sleep(float(hold))
    ask_all(poll, socks)
    for sock, _, answers in socks.values():
        expect("answers", answers, 2)
        sock.close()


def ask_all(poll, socks):
    """One question on each, and its answer."""
    for sock, _, _ in socks.values():
        poll.modify(sock, select.EPOLLOUT)
    left, end = len(socks), time.monotonic() + WAIT
    while left > 0:
        if time.monotonic() > end:
            sys.exit(f"{left} without an answer")
        for number, event in poll.poll(1):
            entry = socks[number]
            if event & select.EPOLLIN:
                expect("answer", entry[0].recv(100), entry[1])
                entry[2] += 1
                left -= 1
                poll.modify(number, 0)
            elif event & select.EPOLLOUT:
                entry[0].sendall(entry[1])
                poll.modify(number, select.EPOLLIN)
            else:
                sys.exit(f"connection {entry[1]} failed")


def chargen(host, port, megabytes):
    """The stream is RFC 864's: lines of 72 of the 95 characters, each a character further on."""
    chars = bytes(range(32, 127)) * 2
    lines = b"".join(chars[i:i + LINE] + b"\r\n" for i in range(95))
    wanted = int(megabytes) << 20
    stream = memoryview(lines * (2 + (1 << 16) // len(lines)))
    sock = connect(host, port)
    at = 0
    while at < wanted:
        block = sock.recv(1 << 16)
        first = at % len(lines)
        if not block or block != stream[first:first + len(block)]:
            sys.exit(f"wrong at byte {at}: {block[:100]}")
        at += len(block)


# HTTP -------------------------------------------------------------------------------------------


def bodies(answer):
    """Split a stream of responses; each must have a length. Yields status lines and bodies."""
    while answer:
        head, _, answer = answer.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        size = int(fields[b"content-length"])
        yield lines[0], answer[:size]
        answer = answer[size:]


def slow(host, port, path):
    """A request typed byte by byte is answered."""
    sock = connect(host, port)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    for byte in request.encode():
        sock.send(bytes([byte]))
        time.sleep(0.02)
    answers = list(bodies(read_all(sock)))
    expect("answers", [status for status, _ in answers], [b"HTTP/1.1 200 OK"])


def pipelined(host, port, number, path, digest):
    """Requests that all leave at once are answered one by one, each in full."""
    sock = connect(host, port)
    keep = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    last = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    sock.sendall(keep * (int(number) - 1) + last)
    answers = list(bodies(read_all(sock)))
    expect("answers", len(answers), int(number))
    for status, body in answers:
        expect("status", status, b"HTTP/1.1 200 OK")
        expect("body", hashlib.sha256(body).hexdigest(), digest)


def status_of(host, port, request):
    """Print the status of the answer to these bytes (with escapes such as \\r\\n)."""
    sock = connect(host, port)
    sock.sendall(request.encode().decode("unicode_escape").encode("latin-1"))
    sock.shutdown(socket.SHUT_WR)
    print(read_all(sock).split(b" ")[1].decode())


# Frames -----------------------------------------------------------------------------------------


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def honest_frame(dice, link, ours, theirs):
    """ARP, or ICMP, UDP or TCP of every kind, as it should be."""
    proto = dice.choice([1, 6, 17, 17, 6, 6, 0])
    data = dice.randbytes(dice.randrange(40))
    if proto == 0:
        return link + struct.pack("!HHHBBH6s4s6s4s", 0x0806, 1, 0x0800, 6, 4,
                                  dice.choice([1, 2]), link[6:12], ours, bytes(6), theirs)
    if proto == 1:
        head = struct.pack("!BBHHH", dice.choice([0, 3, 5, 8, 11, 13]), 0, 0, 1, 2)
        data = head[:2] + struct.pack("!H", checksum(head + data)) + head[4:] + data
    else:
        port = dice.choice([7, 7, 9, 19, 81])
        if proto == 17:
            head = struct.pack("!HHHH", 50000, port, 8 + len(data), 0)
            at = 6
        else:
            options = dice.choice([b"", b"\x02\x04\x05\xb4", b"\x01\x01\x03\x00", b"\x00" * 8])
            head = struct.pack("!HHIIBBHHH", dice.randrange(50000, 50010), port,
                               dice.randrange(1 << 32), dice.randrange(1 << 32),
                               (5 + len(options) // 4) << 4, dice.randrange(256), 1000, 0, 0)
            at = 16
            head += options
        pseudo = ours + theirs + struct.pack("!HH", proto, len(head) + len(data))
        both = head + data
        data = both[:at] + struct.pack("!H", checksum(pseudo + both)) + both[at + 2:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 1, 0, 64, proto, 0, ours, theirs)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return link + b"\x08\x00" + head + data


def spoilt_frame(dice, frame):
    """Bytes changed, the end cut off, or more behind it."""
    frame = bytearray(frame)
    for _ in range(dice.randrange(4)):
        frame[dice.randrange(12, len(frame))] = dice.randrange(256)
    how = dice.randrange(4)
    if how == 0:
        frame = frame[:dice.randrange(14, len(frame) + 1)]
    elif how == 1:
        frame += dice.randbytes(dice.randrange(1000))
    return bytes(frame)


def frames(iface, mac, ours, theirs, number, seed):
    """Frames straight onto the link: honest, spoilt and random ones."""
    dice = random.Random(int(seed))
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sock.bind((iface, 0))
    link = bytes.fromhex(mac.replace(":", "")) + sock.getsockname()[4]
    addrs = socket.inet_aton(ours), socket.inet_aton(theirs)
    for i in range(int(number)):
        frame = honest_frame(dice, link, *addrs)
        if i % 4 == 3:
            frame = link + dice.randbytes(dice.randrange(2, 1400))
        elif i % 4 > 0:
            frame = spoilt_frame(dice, frame)
        sock.send(frame)
        if i % 50 == 0:
            time.sleep(0.002)  # for the tap to take them


# Captures ---------------------------------------------------------------------------------------


def spoil(path, to, number):
    """Copy so many frames of a capture, the last byte of each changed; say how many."""
    with open(path, "rb") as capture, open(to, "wb") as out:
        out.write(capture.read(24))
        done = 0
        while done < int(number):
            head = capture.read(16)
            if len(head) < 16:
                break
            size = struct.unpack("=IIII", head)[2]
            frame = bytearray(capture.read(size))
            if frame[12:14] == b"\x08\x00":
                # Of the packet, not of what fills a short frame up.
                frame[13 + int.from_bytes(frame[16:18], "big")] ^= 0x55
                out.write(head + frame)
                done += 1
    print(done)


def ip_frame(link, proto, ours, theirs, data, at):
    """An IPv4 packet around this; its checksum belongs at that place of the data."""
    pseudo = ours + theirs + struct.pack("!HH", proto, len(data)) if proto != 1 else b""
    data = data[:at] + struct.pack("!H", checksum(pseudo + data)) + data[at + 2:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 1, 0, 64, proto, 0, ours, theirs)
    return link + b"\x08\x00" + head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def questions(path, host):
    """A capture for net_pcap to read: one question of each kind, from 02:00:00:00:00:09."""
    ours, theirs = socket.inet_aton("10.9.0.1"), socket.inet_aton(host)
    mac = bytes.fromhex("020000000009")
    link = bytes.fromhex("027063617000") + mac  # net_pcap's own is fixed

    def tcp(port):
        return struct.pack("!HHIIBBHHH", 50000, port, 1000, 0, 0x50, 0x02, 1000, 0, 0)

    frames_out = [
        b"\xff" * 6 + mac + struct.pack("!HHHBBH6s4s6s4s", 0x0806, 1, 0x0800, 6, 4, 1,
                                        mac, ours, bytes(6), theirs),
        ip_frame(link, 1, ours, theirs, struct.pack("!BBHHH", 8, 0, 0, 1, 7) + b"o" * 33, 2),
        ip_frame(link, 17, ours, theirs, struct.pack("!HHHH", 50000, 7, 13, 0) + b"hello", 6),
        ip_frame(link, 17, ours, theirs, struct.pack("!HHHH", 50000, 77, 13, 0) + b"hello", 6),
        ip_frame(link, 6, ours, theirs, tcp(7), 16),
        ip_frame(link, 6, ours, theirs, tcp(81), 16),
    ]
    no_frames(path)
    with open(path, "ab") as capture:
        for frame in frames_out:
            capture.write(struct.pack("=IIII", 0, 0, len(frame), len(frame)) + frame)


def no_frames(path):
    """A capture without frames."""
    with open(path, "wb") as capture:
        capture.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))


def main():
    what = {f.__name__: f for f in (udp_echo, udp_closed, tcp_closed, upload, first_to_close,
                                    last_to_close, reset, many, chargen, slow, pipelined,
                                    status_of, frames, no_frames, questions, spoil)}
    try:
        what[sys.argv[1]](*sys.argv[2:])
    except OSError as error:
        sys.exit(f"{sys.argv[1]}: {error}")


if __name__ == "__main__":
    main()
