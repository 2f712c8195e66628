"""The merge of a trace of 50,000 spans, without HTTP."""
import json
import statistics
import subprocess

import servers


def measure():
    """What the program prints, with the medians."""
    program = servers.built("traces", "TracesBench")
    print("measuring: the merge of a trace …", flush=True)
    found = json.loads(subprocess.run([program], check=True, capture_output=True).stdout)
    for form in ("protobuf", "json"):
        found[form]["median"] = statistics.median(found[form]["milliseconds"])
    return found
