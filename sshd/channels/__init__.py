"""What an SSH channel can be; imported by name."""
