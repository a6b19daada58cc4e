"""The archive as Parquet files, partitioned by month and source, for DuckDB, Polars, pandas and Spark.

`tables` says what the columns are, `rows` asks archive.db for them, `places` names the files, `files` writes and reads them
(pyarrow is imported there alone), `main` decides which are written. The columns are described in docs/parquet.md.
"""

from archive.export.parquet.files import ParquetFiles
from archive.export.parquet.main import Exported, export_parquet

__all__ = ["Exported", "ParquetFiles", "export_parquet"]
