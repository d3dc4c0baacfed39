"""Runs libcachesim's policies on a log, in a virtual environment of their own; prints JSON.

    python _cache_peers.py TRACE BYTES NAME ...

TRACE holds records (uint32 second, uint64 object, uint32 size, int64 next request), libCacheSim's oracleGeneral.
"""

import json
import sys
import time

import libcachesim

trace, capacity, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
found = {}
for name in names:
    reader = libcachesim.TraceReader(trace, libcachesim.TraceType.ORACLE_GENERAL_TRACE, libcachesim.ReaderInitParam())
    cache = getattr(libcachesim, name)(capacity)
    started = time.perf_counter()
    missed, missed_bytes = cache.process_trace(reader)
    found[name] = {"hit": 1 - missed, "byte_hit": 1 - missed_bytes, "seconds": time.perf_counter() - started}
print("RESULT" + json.dumps(found))
