"""vibe-agent, PID 1 of every container: its C source, its protocol, and the client for it."""

from vibetui.agent.binary import MACHINES, binary_path
from vibetui.agent.connection import AgentConnection, AgentRefused
from vibetui.agent.frames import (
    Decoder,
    ErrorCode,
    ExitStatus,
    FrameType,
    Hello,
    TerminalInfo,
    TerminalSpec,
)
from vibetui.agent.stream import Replay, TerminalStream

__all__ = [
    "MACHINES",
    "AgentConnection",
    "AgentRefused",
    "Decoder",
    "ErrorCode",
    "ExitStatus",
    "FrameType",
    "Hello",
    "Replay",
    "TerminalInfo",
    "TerminalSpec",
    "TerminalStream",
    "binary_path",
]
