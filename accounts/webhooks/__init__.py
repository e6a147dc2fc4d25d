"""What we tell customers' servers: recorded with the change it is about, signed, and tried for a day."""
