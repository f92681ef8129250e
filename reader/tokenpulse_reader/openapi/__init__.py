"""The description of the reader's API that `/openapi.json` serves: one table a family of routes.

A route that is in no table fails `tests/unit/tokenpulse_reader/openapi/test_table.py`; an answer that is not of its
schema fails `tests/end_to_end/test_openapi.py`.
"""
