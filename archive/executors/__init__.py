"""Who does the work of reading pages: processes of this machine, or a Dask cluster's workers on several."""

from archive.executors.cluster import Cluster, open_cluster
from archive.executors.lost import WorkerLostError
from archive.executors.pool import ExecutorPool
from archive.executors.processes import ProcessExecutor

__all__ = ["Cluster", "ExecutorPool", "ProcessExecutor", "WorkerLostError", "open_cluster"]
