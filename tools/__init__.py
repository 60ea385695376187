"""What builds and looks after a checkout; nothing of it is part of the product."""
