"""Help, server versions, and the workflow of deliveries."""
