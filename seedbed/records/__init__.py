"""What an organisation keeps of an environment: record of processing, processor register, data flows, evidence."""

from seedbed.records.gathered import Records, gather
from seedbed.records.written import FORMATS, write

__all__ = ["FORMATS", "Records", "gather", "write"]
