"""How people use it: the `quartier` command."""
