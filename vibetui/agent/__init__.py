"""vibe-agent, PID 1 of every container: its C source, its protocol, and the client for it."""

from vibetui.agent.binary import MACHINES, binary_path
from vibetui.agent.connection import AgentConnection
from vibetui.agent.dial import DialStream
from vibetui.agent.exec import Err, ExecSpec, ExecStream, Out
from vibetui.agent.frames import AgentOutdated, AgentRefused, Decoder, ErrorCode, FrameType
from vibetui.agent.listen import Accepted, AgentTooOld, Listener
from vibetui.agent.listing_watch import ListingWatch
from vibetui.agent.nouns import (
    ExitStatus,
    Hello,
    Listing,
    Resized,
    Role,
    TerminalInfo,
    TerminalSpec,
    Typed,
    Viewer,
)
from vibetui.agent.stream import Replay, TerminalStream

__all__ = [
    "MACHINES",
    "Accepted",
    "AgentConnection",
    "AgentOutdated",
    "AgentRefused",
    "AgentTooOld",
    "Decoder",
    "DialStream",
    "Err",
    "ErrorCode",
    "ExecSpec",
    "ExecStream",
    "ExitStatus",
    "FrameType",
    "Hello",
    "Listener",
    "Listing",
    "ListingWatch",
    "Out",
    "Replay",
    "Resized",
    "Role",
    "TerminalInfo",
    "TerminalSpec",
    "TerminalStream",
    "Typed",
    "Viewer",
    "binary_path",
]
