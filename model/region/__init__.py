"""Reading a region: a folder of tables becomes a `Region`, or a list of faults (see `read` and `berlin`)."""
