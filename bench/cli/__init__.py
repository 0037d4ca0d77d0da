"""The command line: parse, call, print; the work is done elsewhere."""

import os

# The matrices of a report are small: threads of a BLAS wait for each other there, on a busy machine most of the time.
# Said before numpy is loaded; who sets it is heard. Training has the threads of its protocol.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
