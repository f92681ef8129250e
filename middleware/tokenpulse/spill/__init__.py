"""The opt-in file that outlives a killed process."""
