"""The least of a WebSocket client that the bench's own clients need: handshake, one masked frame."""

import base64
import os
import socket
import struct
import zlib


class Trouble(Exception):
    """Ends the client with one line."""


def connect(port, path, extensions=None, receive_buffer=None):
    """An open WebSocket, as a plain socket."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", port))
    fields = f"Sec-WebSocket-Extensions: {extensions}\r\n" if extensions else ""
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{fields}\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)  # one at a time: what is behind the head stays in the kernel
        if not byte:
            break
        head += byte
    if not head.startswith(b"HTTP/1.1 101"):
        raise Trouble(f"{path}: no WebSocket: {head[:80]!r}")
    if extensions and extensions.encode() not in head:
        raise Trouble(f"{path}: {extensions} was not agreed")
    return connection


def frame(payload, first=0x82):
    """A masked binary message of less than 64 KiB; the mask is 0."""
    size = len(payload)
    return bytes([first]) + (struct.pack(">B", 0x80 | size) if size < 126 else
                             struct.pack(">BH", 0x80 | 126, size)) + bytes(4) + payload


def deflated_frame(payload):
    """The same of permessage-deflate."""
    stream = zlib.compressobj(wbits=-15)
    return frame((stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4], 0xc2)


def receive_frame(connection):
    """The payload of the next frame, as it came."""

    def exactly(size):
        data = b""
        while len(data) < size:
            part = connection.recv(size - len(data))
            if not part:
                raise Trouble("the server closed the connection")
            data += part
        return data

    size = exactly(2)[1]
    if size == 126:
        size = struct.unpack(">H", exactly(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", exactly(8))[0]
    return exactly(size)
