"""Sheets of every program: what cells show, what stands beside them, records of binary workbooks."""
