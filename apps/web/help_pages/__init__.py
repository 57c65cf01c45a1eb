"""Help, server versions, the console of JSON-RPC and the guide of operators."""
