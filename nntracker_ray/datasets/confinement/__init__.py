"""A process that can do nothing but compute, read one open file and write another (Linux).

Used from inside: `lock_down()` gives up, for good, files, network, other processes, new programs and memory without
end. Only the standard library is imported here.
"""
