"""What the ingest counts, per source: for Prometheus and for the status that the console shows."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from prometheus_client import Counter, Gauge

_RECEIVED = Counter("mimas_ingest_received", "Messages read from a source", ["source"])
_ACCEPTED = Counter("mimas_ingest_accepted", "Entities committed", ["source"])
_REJECTED = Counter("mimas_ingest_rejected", "Messages or records put into quarantine", ["source", "stage"])
_SKIPPED = Counter("mimas_ingest_skipped", "Records the accept guard passed over", ["source"])
_REPEATED = Counter("mimas_ingest_repeated", "Records recognised as delivered before", ["source"])
_LAG = Gauge(
    "mimas_ingest_lag_seconds",
    "From the arrival of a message to its commit, for the last batch",
    ["source"],
    multiprocess_mode="livemax",
)
_AWAY = Gauge(
    "mimas_ingest_waiting", "1 while a source waits for the database", ["source"], multiprocess_mode="livemax"
)


@dataclass(slots=True)
class IngestMetrics:
    """The counts of one source since the process started."""

    source: str
    received: int = 0
    accepted: int = 0
    skipped: int = 0
    repeated: int = 0
    rejected: Tally[str] = field(default_factory=Tally)
    lag: float = 0.0
    state: str = "starting"
    detail: str = ""
    last_message_at: datetime | None = None

    def note_received(self, count: int) -> None:
        """Count messages that were read."""
        self.received += count
        self.last_message_at = datetime.now(UTC)
        _RECEIVED.labels(self.source).inc(count)

    def note_accepted(self, count: int) -> None:
        """Count entities that are committed."""
        self.accepted += count
        _ACCEPTED.labels(self.source).inc(count)

    def note_rejected(self, stage: str) -> None:
        """Count what went into quarantine."""
        self.rejected[stage] += 1
        _REJECTED.labels(self.source, stage).inc()

    def note_passed_over(self, skipped: int, repeated: int) -> None:
        """Count records that are not for us, and those that came before."""
        if not skipped and not repeated:
            return
        self.skipped += skipped
        self.repeated += repeated
        _SKIPPED.labels(self.source).inc(skipped)
        _REPEATED.labels(self.source).inc(repeated)

    def note_lag(self, seconds: float) -> None:
        """Note how long the last batch took from arrival to commit."""
        self.lag = seconds
        _LAG.labels(self.source).set(seconds)

    def note_state(self, state: str, detail: str = "") -> None:
        """Note what the source does: running, waiting, finished, broken."""
        self.state, self.detail = state, detail[:500]
        _AWAY.labels(self.source).set(1 if state == "waiting" else 0)

    def status(self) -> dict[str, Any]:
        """The counts as the console shows them."""
        return {
            "state": self.state,
            "detail": self.detail,
            "received": self.received,
            "accepted": self.accepted,
            "skipped": self.skipped,
            "repeated": self.repeated,
            "rejected": sum(self.rejected.values()),
            "rejectedByStage": dict(self.rejected),
            "lagSeconds": round(self.lag, 3),
            "lastMessageAt": self.last_message_at and self.last_message_at.isoformat(),
        }
