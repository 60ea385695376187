"""How a client proves who it is: one module for each way, and `login`, which joins them."""
