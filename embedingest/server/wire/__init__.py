"""The spelling of requests and answers. Knows no sockets and no engine."""
