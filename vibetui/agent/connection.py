"""A connection to a container's agent, proven by its HELLO."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from vibetui.agent.frames import (
    HEADER,
    MAX_PAYLOAD,
    ErrorCode,
    FrameType,
    Hello,
    Malformed,
    TerminalInfo,
    TerminalSpec,
    decode_error,
    decode_hello,
    decode_listing,
    decode_terminal,
    encode_attach,
    encode_close,
    encode_hello,
    encode_list,
    encode_open,
)
from vibetui.agent.stream import TerminalStream
from vibetui.errors import AgentError

REQUEST_DEADLINE = 10.0
"""Seconds for one answer; the agent itself takes microseconds."""

_MAKER = object()


class AgentRefused(AgentError):
    """The agent answered ERROR: the connection is fine, the request wasn't."""

    def __init__(self, number: int, text: str) -> None:
        hint = ""
        if number == ErrorCode.LIMIT:
            hint = "Close a terminal that you no longer need."
        super().__init__(f"The container's agent refused: {text}.", hint)
        self.number = number
        """An `ErrorCode`, or a number newer than we are."""


def _gone(cause: str) -> AgentError:
    return AgentError(
        f"The connection to the container's agent broke: {cause}.", "Open the session again."
    )


class AgentConnection:
    """A connected socket whose agent has said HELLO. `greet` is the only maker.

    Requests are answered one after the other; `attach` turns the connection into a stream. Not a
    byte beyond the last answer is ever read, so `release` can hand the socket on.
    """

    def __init__(self, sock: socket.socket, hello: Hello, *, maker: object) -> None:
        if maker is not _MAKER:
            raise TypeError("AgentConnection is made by AgentConnection.greet only")
        self.hello = hello
        self._sock: socket.socket | None = sock
        self._turn = asyncio.Lock()

    @classmethod
    async def greet(
        cls, sock: socket.socket, *, deadline: float, ask: bool = False
    ) -> AgentConnection:
        """Read the agent's HELLO, and nothing after it.

        Args:
            sock: Connected; taken over, and closed where this fails.
            deadline: Seconds.
            ask: Say HELLO first: the agent answers with a new one, which proves a descriptor
                that somebody else has greeted before.

        Raises:
            AgentError: No HELLO in time, or something else.
        """
        try:
            sock.setblocking(False)
            with _in_plain_words(deadline):
                async with asyncio.timeout(deadline):
                    if ask:
                        await asyncio.get_running_loop().sock_sendall(sock, encode_hello())
                    payload = await _expect(sock, FrameType.HELLO_AGENT)
                    return cls(sock, decode_hello(payload), maker=_MAKER)
        except BaseException:
            sock.close()
            raise

    async def open_terminal(self, spec: TerminalSpec) -> int:
        """Start a program on a new PTY; its number, never used twice by one agent.

        Raises `AgentRefused` (limits), `AgentError` (the connection broke), `ValueError` (a
        `spec` beyond 64 KiB). A program that can't be run says so on the terminal and exits 127.
        """
        payload = await self._request(encode_open(spec), FrameType.OPENED)
        return decode_terminal(FrameType.OPENED, payload)

    async def list_terminals(self) -> list[TerminalInfo]:
        """The oldest first, ended ones included until they are closed."""
        return decode_listing(await self._request(encode_list(), FrameType.LISTING))

    async def close_terminal(self, terminal: int) -> None:
        """Hang up (SIGHUP; SIGKILL after 5 s) and forget the terminal."""
        decode_terminal(
            FrameType.CLOSED, await self._request(encode_close(terminal), FrameType.CLOSED)
        )

    async def attach(
        self,
        terminal: int,
        *,
        from_offset: int | None = None,
        last: int | None = None,
        read_only: bool = False,
    ) -> TerminalStream:
        """Turn this connection into the terminal's stream, its replay complete.

        Args:
            terminal: From `open_terminal` or `list_terminals`.
            from_offset: Resume exactly here, without a reset, where the output is still kept;
                otherwise replay everything kept.
            last: Replay about so many bytes.
            read_only: What this stream sends is ignored.

        Raises:
            AgentRefused: No such terminal; the connection is still usable.
            AgentError: The connection broke.
        """
        frame = encode_attach(terminal, from_offset=from_offset, last=last, read_only=read_only)
        first = await self._request(frame, FrameType.REPLAY)
        with _in_plain_words(REQUEST_DEADLINE):
            return await TerminalStream.begin(
                self.release(), terminal, first, deadline=REQUEST_DEADLINE
            )

    def release(self) -> socket.socket:
        """Give the socket up, nothing read beyond the last answer; this object is then closed."""
        if self._sock is None:
            raise AgentError("The connection to the container's agent is closed already.")
        sock, self._sock = self._sock, None
        return sock

    def close(self) -> None:
        if self._sock is not None:
            self.release().close()

    async def wait_closed(self) -> None:
        """Closing a greeted connection has nothing to wait for; here for symmetry with streams."""

    async def _request(self, frame: bytes, answer: FrameType) -> bytes:
        async with self._turn:
            sock = self._sock
            if sock is None:
                raise AgentError("The connection to the container's agent is closed already.")
            try:
                with _in_plain_words(REQUEST_DEADLINE):
                    async with asyncio.timeout(REQUEST_DEADLINE):
                        await asyncio.get_running_loop().sock_sendall(sock, frame)
                        return await _expect(sock, answer)
            except AgentRefused:
                raise
            except BaseException:
                # Half a request or half an answer: nobody could use what is left of it.
                self.close()
                raise


@contextlib.contextmanager
def _in_plain_words(deadline: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise AgentError(
            f"The container's agent did not answer within {deadline:g} s.", "Try again."
        ) from error
    except OSError as error:
        raise _gone(error.strerror or str(error)) from error


async def _expect(sock: socket.socket, kind: FrameType) -> bytes:
    length, got = HEADER.unpack(await _exactly(sock, HEADER.size))
    if length > MAX_PAYLOAD:
        raise Malformed(f"a frame of {length} bytes")
    payload = await _exactly(sock, length)
    if got == FrameType.ERROR:
        error = decode_error(payload)
        raise AgentRefused(error.code, error.text)
    if got != kind:
        raise Malformed(f"frame type {got:#04x} in place of {kind.name}")
    return payload


async def _exactly(sock: socket.socket, count: int) -> bytes:
    loop = asyncio.get_running_loop()
    data = bytearray()
    while len(data) < count:
        piece = await loop.sock_recv(sock, count - len(data))
        if not piece:
            raise _gone("it was closed")
        data += piece
    return bytes(data)
