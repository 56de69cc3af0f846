"""What might be done: scenario files, the levers they pull, running and comparing them."""
