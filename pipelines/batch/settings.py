"""Settings of a batch: how the work is done, not what comes out of it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from pydantic import BaseModel, ConfigDict, Field


class BatchSettings(BaseModel):
    """Settings of a batch.

    Attributes:
        workers: Processes that work side by side. 1 works in this process, where reading, network
            and writing overlap, and a crash ends the run (run again: it goes on).
        isolate: Use a process of its own for one worker too.
        time_limit_s: Longest a case may take in a worker process, in s; 0 sets no limit.
        retry: Try again what failed before.
        keep_phi: Write patient numbers from inside the files as they are.
        salt: Secret word (better in the environment than on the command line); ids and patient
            numbers in all outputs become hashes made with it, and file names are left out.
        parquet: Write the tables as Parquet too (needs pyarrow).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=1, ge=1, le=1024)
    isolate: bool = False
    time_limit_s: float = Field(default=1800.0, ge=0)
    retry: bool = False
    keep_phi: bool = False
    salt: Annotated[str, Parameter(env_var="CARDIAC_SALT")] = ""
    parquet: bool = True

    @property
    def in_process(self) -> bool:
        """Whether the work is done in this process."""
        return self.workers == 1 and not self.isolate
