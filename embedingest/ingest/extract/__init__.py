"""One file to its chunks, in worker processes under limits of time and memory."""
