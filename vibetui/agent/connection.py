"""A connection to a container's agent, proven by its HELLO."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from vibetui.agent.answers import (
    decode_bound,
    decode_error,
    decode_evicted,
    decode_hello,
    decode_listing,
    decode_nothing,
    decode_terminal,
)
from vibetui.agent.dial import DialStream, encode_dial
from vibetui.agent.exec import ExecSpec, ExecStream, encode_exec
from vibetui.agent.frames import HEADER, MAX_PAYLOAD, AgentRefused, ErrorCode, FrameType, Malformed
from vibetui.agent.listen import AgentTooOld, Listener, encode_listen, encode_take
from vibetui.agent.listing_watch import ListingWatch
from vibetui.agent.nouns import Hello, Listing, Role, TerminalInfo, TerminalSpec
from vibetui.agent.requests import (
    encode_arrange,
    encode_attach,
    encode_bind,
    encode_close,
    encode_evict,
    encode_hello,
    encode_list,
    encode_open,
    encode_rename,
    encode_watch,
)
from vibetui.agent.stream import TerminalStream
from vibetui.errors import AgentError

_DIAL_DEADLINE = 15.0
"""Seconds; the agent gives up after ten."""
REQUEST_DEADLINE = 10.0
"""Seconds for one answer; the agent itself takes microseconds."""

_MAKER = object()


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

    async def bind(self, role: Role, who: str) -> None:
        """Say whose this connection is, once; from then on it may do what `role` lets it do.

        Raises `AgentRefused` (it is bound already), `ValueError` (`who` has over 64 bytes).
        """
        decode_bound(await self._request(encode_bind(role, who), FrameType.BOUND))

    async def evict(self, who: str) -> int:
        """Close every connection that is bound to `who`; how many there were.

        Raises `AgentRefused` where this connection is bound itself.
        """
        return decode_evicted(await self._request(encode_evict(who), FrameType.EVICTED))

    async def listing(self) -> Listing:
        """The terminals, who is attached to them, and how they were arranged."""
        return decode_listing(await self._request(encode_list(), FrameType.LISTING))

    async def list_terminals(self) -> list[TerminalInfo]:
        """The oldest first, ended ones included until they are closed."""
        return list((await self.listing()).terminals)

    async def rename(self, terminal: int, name: str) -> None:
        """Give the terminal a name; empty takes it away.

        Raises `AgentRefused` (no such terminal), `ValueError` (over 64 bytes).
        """
        payload = await self._request(encode_rename(terminal, name), FrameType.RENAMED)
        decode_terminal(FrameType.RENAMED, payload)

    async def arrange(self, layout: str) -> None:
        """Keep `layout` for everybody, as `Listing.layout`. Raises `ValueError` over 4096 bytes."""
        payload = await self._request(encode_arrange(layout), FrameType.ARRANGED)
        decode_nothing(FrameType.ARRANGED, payload)

    async def watch(self) -> ListingWatch:
        """Turn this connection into the listing's, now and after every change."""
        first = decode_listing(await self._request(encode_watch(), FrameType.LISTING))
        return await ListingWatch.begin(self.release(), first)

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
        quiet: bool = False,
        typed: bool = False,
        size: tuple[int, int] | None = None,
    ) -> TerminalStream:
        """Turn this connection into the terminal's stream, its replay complete.

        Args:
            terminal: From `open_terminal` or `list_terminals`.
            from_offset: Resume exactly here, without a reset, where the output is still kept;
                otherwise replay everything kept.
            last: Replay about so many bytes.
            read_only: What this stream sends is ignored.
            quiet: A full-screen program isn't made to redraw.
            typed: Hear also what is typed; for unbound connections only.
            size: Rows and columns of whoever looks on: the terminal's, while this stream leads.

        Raises:
            AgentRefused: No such terminal, or not allowed; the connection is still usable.
            AgentError: The connection broke.
        """
        frame = encode_attach(
            terminal,
            from_offset=from_offset,
            last=last,
            read_only=read_only,
            quiet=quiet,
            typed=typed,
            size=size,
        )
        first = await self._request(frame, FrameType.REPLAY)
        with _in_plain_words(REQUEST_DEADLINE):
            return await TerminalStream.begin(
                self.release(), terminal, first, deadline=REQUEST_DEADLINE
            )

    async def execute(self, spec: ExecSpec) -> ExecStream:
        """Run a command without a PTY, and turn this connection into its stream.

        What can't be run says so on stderr and ends with 127 (126: it may not be).

        Raises:
            AgentRefused: Too many commands, or not allowed; the connection is still usable.
            AgentError: The connection broke.
            ValueError: A `spec` beyond 64 KiB.
        """
        answer = await self._request(encode_exec(spec), FrameType.STARTED)
        return await ExecStream.begin(self.release(), answer)

    async def dial(self, host: str, port: int) -> DialStream:
        """Connect from inside the container, and turn this connection into the stream.

        Args:
            host: A name, an address, or with port 0 the path of a Unix socket.
            port: TCP's.

        Raises:
            AgentRefused: `ErrorCode.UNREACHABLE` and why; the connection is still usable.
            AgentError: The connection to the agent broke.
            ValueError: No such port, or a host beyond 64 KiB.
        """
        frame = encode_dial(host, port)
        decode_nothing(
            FrameType.DIALED, await self._request(frame, FrameType.DIALED, _DIAL_DEADLINE)
        )
        return await DialStream.begin(self.release())

    async def listen(
        self, host: str, port: int, *, secret: bool = False, in_place: bool = False
    ) -> Listener:
        """Listen inside the container, and turn this connection into the listener.

        Args:
            host: An address (``""`` and ``localhost``: the loopback's, ``*``: all), or with port
                0 the absolute path of a Unix socket, where nothing may be yet.
            port: TCP's; 0 lets the container choose.
            secret: A Unix socket in a directory of its own; host and port are then empty.
            in_place: A Unix socket in the place of one that is there, in a directory of the
                user's own, which is made where there is none.

        Raises:
            AgentRefused: It can't be listened there, too many listeners, or not allowed; the
                connection is still usable.
            AgentTooOld: The container was started before there were listeners.
            AgentError: The connection broke.
            ValueError: No such port, or a host beyond 64 KiB.
        """
        frame = encode_listen(host, port, secret=secret, in_place=in_place)
        try:
            answer = await self._request(frame, FrameType.LISTENING, _DIAL_DEADLINE)
        except AgentRefused as error:
            if error.number == ErrorCode.MALFORMED:
                self.close()
                raise AgentTooOld from error
            raise
        return await Listener.begin(self.release(), answer)

    async def take(self, token: int) -> DialStream:
        """Turn this connection into the stream of one that a `Listener` has accepted.

        Raises `AgentRefused` (it has been closed, taken, or isn't this person's; the connection is
        still usable), `AgentError`.
        """
        decode_nothing(FrameType.TAKEN, await self._request(encode_take(token), FrameType.TAKEN))
        return await DialStream.begin(self.release())

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

    async def _request(
        self, frame: bytes, answer: FrameType, deadline: float = REQUEST_DEADLINE
    ) -> bytes:
        async with self._turn:
            sock = self._sock
            if sock is None:
                raise AgentError("The connection to the container's agent is closed already.")
            try:
                with _in_plain_words(deadline):
                    async with asyncio.timeout(deadline):
                        # Who was shown out still finds the reason among what has arrived.
                        with contextlib.suppress(BrokenPipeError):
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
        raise decode_error(payload)
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
