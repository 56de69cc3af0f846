"""What a planner takes away: the recorder, the result store, indicators, tables and charts."""
