"""Read the table with LanceDB, pandas, Polars and DuckDB: `python read_arrow.py .embedingest/lancedb`."""

import sys

import duckdb
import lancedb
import polars as pl

table = lancedb.connect(sys.argv[1]).open_table("chunks")

# LanceDB: words need no model.
for hit in table.search("water", query_type="fts").limit(3).to_list():
    print("lancedb:", hit["source"], hit["line_start"], hit["text"])

# pandas: chunks of each document.
frame = table.search().select(["source", "chunk_index", "text"]).to_pandas()
print("pandas:", frame.groupby("source").size().to_dict())

# Polars: the newest documents.
columns = pl.from_arrow(table.search().select(["source", "modified_at"]).to_arrow())
print("polars:", columns.sort("modified_at", descending=True).head(1)["source"].to_list())

# DuckDB: SQL over the Arrow table of the same name as the variable.
chunks = table.search().select(["source", "text", "metadata"]).to_arrow()
longest = duckdb.sql("select source, max(length(text)) from chunks group by source order by 2 desc limit 1")
print("duckdb:", longest.fetchall())
