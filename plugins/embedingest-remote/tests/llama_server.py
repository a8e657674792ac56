"""llama.cpp's own server on a free port of loopback, in a process of its own: `python llama_server.py FILE`."""

import sys
import time

import xllamacpp

parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.embedding = True
parameters.n_ctx = 512
parameters.n_batch = 512
parameters.n_ubatch = 512
parameters.n_parallel = 1
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1  # more burn time where the machine is shared
parameters.warmup = False
parameters.port = 0
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
while True:
    time.sleep(1)
