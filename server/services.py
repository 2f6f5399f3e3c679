"""What every room of this process shares."""

from dataclasses import dataclass, field

from pipeline.assembly import Ears
from pipeline.evaluation.evaluator import Evaluator
from pipeline.inference import Executor
from server.entrance.resumes import Resumes
from server.exchange.protocol import Exchange
from server.exchange.relay import Relay
from server.journal.protocol import Journal
from server.operations.metrics import Metrics
from server.settings import Settings
from server.store.protocol import MediaStore


@dataclass(frozen=True, slots=True)
class Services:
    """What every room shares."""

    journal: Journal
    exchange: Exchange
    relay: Relay
    executor: Executor
    ears: Ears
    evaluator: Evaluator
    metrics: Metrics
    settings: Settings
    store: MediaStore
    resumes: Resumes = field(default_factory=Resumes)
