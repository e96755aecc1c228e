"""Settings of a batch: how the work is done, not what comes out of it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from pydantic import BaseModel, ConfigDict, Field

_FEW = 20
"""Cases that are worth no processes of their own."""


class BatchSettings(BaseModel):
    """Settings of a batch.

    Attributes:
        workers: Processes that work side by side. 1 works in this process, where reading, network
            and writing overlap, and a crash ends the run (run again: it goes on). 0 chooses: 1
            for up to 20 cases, 2 for more.
        scheduler: Address of a dask cluster that does the work, for instance tcp://10.0.0.1:8786;
            its machines must see the inputs and the output folder under the same paths.
        store: URL (s3://bucket/results) that the files of the cases go to in place of the output
            folder, which keeps database, tables and logs; the tables are put there too at the end.
        isolate: Use a process of its own for one worker too.
        time_limit_s: Longest a case may take in a worker process, in s; 0 sets no limit.
        retry: Try again what failed before.
        keep_phi: Write patient numbers from inside the files as they are.
        salt: Secret word (better in the environment than on the command line); ids and patient
            numbers in all outputs become hashes made with it, and file names are left out.
        parquet: Write the tables as Parquet too (needs pyarrow).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int = Field(default=0, ge=0, le=1024)
    scheduler: str = ""
    store: str = ""
    isolate: bool = False
    time_limit_s: float = Field(default=1800.0, ge=0)
    retry: bool = False
    keep_phi: bool = False
    salt: Annotated[str, Parameter(env_var="CARDIAC_SALT")] = ""
    parquet: bool = True

    def for_cases(self, count: int) -> BatchSettings:
        """The settings with a number of workers that suits so many cases."""
        wanted = self.workers or (1 if count <= _FEW else 2)
        return self.model_copy(update={"workers": max(1, min(wanted, count))})

    def in_process(self, count: int) -> bool:
        """Whether the work on so many cases is done in this process."""
        chosen = self.workers or self.for_cases(count).workers
        return chosen == 1 and not self.isolate and not self.scheduler
