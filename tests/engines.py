"""The same table on every engine that counts, for tests of counting."""

import importlib.util
import shutil
from functools import cache

import narwhals
import pytest

LAZY = ["polars-lazy", "duckdb", "dask", "pyspark"]
ENGINES = ["pandas", "pandas-pyarrow", "polars", "pyarrow", *LAZY]
FILTERS = [
    # narwhals announces a plug-in for Dask that is still to come; counting does not depend on it
    pytest.mark.filterwarnings("ignore:Dask support is moving:FutureWarning"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@cache
def spark():
    """Start Spark once per test process, small: two threads, no web page, and no compiling for a handful of rows."""
    from pyspark.sql import SparkSession

    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
    }
    return SparkSession.builder.master("local[2]").config(map=options).getOrCreate()


def on_engine(frame, engine):
    """Hand a pandas frame to another engine."""
    module = engine.split("-")[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed: pip install -e '.[engines]' -c constraints.txt")
    if engine == "pandas":
        return frame
    if engine == "pandas-pyarrow":
        return frame.convert_dtypes(dtype_backend="pyarrow")
    if module == "polars":
        import polars

        return polars.from_pandas(frame).lazy() if engine.endswith("lazy") else polars.from_pandas(frame)
    if engine == "dask":
        import dask.dataframe

        return dask.dataframe.from_pandas(frame, npartitions=3)
    if engine == "pyspark":
        if not shutil.which("java"):
            pytest.skip("PySpark needs a Java runtime, and there is no java on the PATH")
        return spark().createDataFrame(frame)
    import pyarrow

    table = pyarrow.Table.from_pandas(frame)
    if engine == "pyarrow":
        return table
    import duckdb

    return duckdb.connect().from_arrow(table)


def record_collected(monkeypatch, engine, heights):
    """Note how many rows leave the engine, by narwhals or past it."""

    def record(owner, name):
        collect = getattr(owner, name)

        def recorded(self, *args, **kwargs):
            heights.append(len(collected := collect(self, *args, **kwargs)))
            return collected

        monkeypatch.setattr(owner, name, recorded)

    record(narwhals.LazyFrame, "collect")
    if engine == "polars-lazy":
        import polars

        record(polars.LazyFrame, "collect")
    if engine == "dask":
        import dask.dataframe

        record(dask.dataframe.DataFrame, "compute")
    if engine == "pyspark":
        import pyspark.sql.classic.dataframe

        for name in ("toArrow", "toPandas", "collect"):
            record(pyspark.sql.classic.dataframe.DataFrame, name)
