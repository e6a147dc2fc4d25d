"""Which cache holds what. `default` is one for all processes; it has the counters of rate limits."""

# Of each process alone: vectors of what was searched, what is remembered of indexes, what public pages found. Apart, so
# that they push no counter out.
PROCESS = "process"
