"""All that one running sandbox holds, in memory and gone with it."""

from dataclasses import dataclass, field

from sandbox.callbacks import Callbacks
from sandbox.clips import Clips
from sandbox.counters import Counters
from sandbox.faults import FaultBook
from sandbox.limits import Paces, Windows
from sandbox.looks import Looks
from sandbox.readings import Readings
from sandbox.received import ReceivedBook
from sandbox.settings import Settings, data_folder
from sandbox.tasks import TaskStore
from sandbox.tensors import Tensors

KEY_STATES = ("accepted", "refused", "out_of_credits")
KEYS_KEPT = 10_000


@dataclass(slots=True)
class Sandbox:
    """Made inside a running event loop. `keys` has the state of those that are not simply accepted."""

    settings: Settings = field(default_factory=Settings.from_environment)
    tasks: TaskStore = field(default_factory=TaskStore)
    faults: FaultBook = field(default_factory=FaultBook)
    counters: Counters = field(default_factory=Counters)
    windows: Windows = field(default_factory=Windows)
    paces: Paces = field(default_factory=Paces)
    received: ReceivedBook = field(default_factory=ReceivedBook)
    asked: ReceivedBook = field(default_factory=ReceivedBook)
    keys: dict[str, str] = field(default_factory=dict)
    callbacks: Callbacks = field(default_factory=Callbacks)
    clips: Clips = field(default_factory=lambda: Clips(data_folder()))
    readings: Readings = field(default_factory=Readings)
    looks: Looks = field(default_factory=Looks)
    tensors: Tensors = field(default_factory=Tensors)

    def set_key(self, key: str, state: str) -> None:
        """Raises ValueError for an unknown state, or too many keys."""
        if state not in KEY_STATES:
            raise ValueError(f"state must be one of {', '.join(KEY_STATES)}")
        if len(self.keys) >= KEYS_KEPT:
            raise ValueError(f"At most {KEYS_KEPT} keys")
        self.keys[key] = state

    async def reset(self) -> None:
        """As after a start, but for the clips that were rendered or looked at."""
        await self.callbacks.forget()
        await self.readings.forget()
        self.settings = Settings.from_environment()
        self.tasks, self.faults, self.counters, self.windows = TaskStore(), FaultBook(), Counters(), Windows()
        self.received, self.asked, self.keys, self.tensors = ReceivedBook(), ReceivedBook(), {}, Tensors()
        self.paces = Paces()

    async def close(self) -> None:
        await self.callbacks.close()
        await self.readings.forget()
        await self.looks.close()
        await self.clips.close()
