"""What `make run` runs. It reads the environment and the data folder, and ends without leaving a process behind."""
