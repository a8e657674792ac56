"""The model compiled by OpenVINO: made once by way of torch, kept in the user's cache, run without torch."""
