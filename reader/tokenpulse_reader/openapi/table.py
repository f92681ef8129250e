"""Every operation of the reader: the tables of all families, in the order of the document."""

from typing import Final

from tokenpulse_reader.openapi import (
    breaker_operations,
    business_operations,
    chat_operations,
    chat_post_operations,
    export_operations,
    exposition_operations,
    fleet_operations,
    overview_operations,
    present_operations,
    series_operations,
    service_operations,
    window_operations,
)
from tokenpulse_reader.openapi.operation import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *present_operations.OPERATIONS,
    *breaker_operations.OPERATIONS,
    *window_operations.OPERATIONS,
    *fleet_operations.OPERATIONS,
    *series_operations.OPERATIONS,
    *export_operations.OPERATIONS,
    *business_operations.OPERATIONS,
    *chat_post_operations.OPERATIONS,
    *chat_operations.OPERATIONS,
    *overview_operations.OPERATIONS,
    *exposition_operations.OPERATIONS,
    *service_operations.OPERATIONS,
)
