"""How the model is held to data: rates taken over, the companion projection, fit and back-test."""
