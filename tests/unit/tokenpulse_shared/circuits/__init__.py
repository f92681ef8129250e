"""Mirror `tokenpulse_shared.circuits`."""
