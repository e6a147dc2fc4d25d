"""The ways in for programs. Each builds a GenerationRequest, asks the gate, and tells what became of it."""
