"""What tests with a real API server, a real operator process and the simulator are made of."""
